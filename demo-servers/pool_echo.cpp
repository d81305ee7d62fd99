// SPDX-License-Identifier: GPL-2.0-or-later
// An echo server with one dispatcher, which waits, and a pool of workers, which read and answer.
//
//   --workers N   threads of the pool (4)
//
// Expected path: the dispatcher sleeps in epoll_wait() and is woken by the delivery (`ep_poll_callback`); it hands the
// descriptor to a worker through a queue, and the worker that reads was woken by the dispatcher (futex), not by the
// network: the work was handed over, and the path costs two wakes. EPOLLONESHOT keeps a socket with one worker at a
// time; the worker asks for the next arrival itself.
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "demo-servers/common/echo.hpp"
#include "demo-servers/common/epoll.hpp"

namespace {

using namespace wp::demo;

/// Sessions that are ready, from the dispatcher to the workers.
class Queue {
 public:
  void put(Session* session) {
    {
      const std::lock_guard<std::mutex> guard(mutex_);
      ready_.push_back(session);
    }
    changed_.notify_one();
  }
  Session* take() {
    std::unique_lock<std::mutex> guard(mutex_);
    changed_.wait(guard, [this] { return !ready_.empty(); });
    Session* session = ready_.front();
    ready_.pop_front();
    return session;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Session*> ready_;
};

[[noreturn]] void work(int epoll, Queue& queue, ReadLog& log) {
  for (;;) {
    Session* session = queue.take();
    if (session->serve(log, by_recv, by_send)) {
      const std::uint32_t next = session->has_to_send() ? EPOLLOUT : EPOLLIN;
      set_interest(epoll, EPOLL_CTL_MOD, session->fd(), next | EPOLLONESHOT, {.ptr = session});
    } else {
      delete session;  // nobody else knows it now: it was reported once, to us
    }
  }
}

void accept_all(int epoll, int listener, const Options& options) {
  while (auto session = accept_one(listener, options, SOCK_NONBLOCK)) {
    Session* mine = session.release();
    set_interest(epoll, EPOLL_CTL_ADD, mine->fd(), EPOLLIN | EPOLLONESHOT, {.ptr = mine});
  }
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments(argc, argv);
  const std::uint64_t workers = arguments.number("--workers", 4, 1, 256);
  const Options options = common_options(arguments);
  ReadLog log(options.truth, options.truth_records);
  end_on_signal(log, options.max_seconds);
  allow_many_descriptors();
  const int epoll = make_epoll();
  Queue queue;
  for (std::uint64_t i = 0; i < workers; ++i) std::thread(work, epoll, std::ref(queue), std::ref(log)).detach();
  const int listener = listen_on(options, SOCK_NONBLOCK);
  set_interest(epoll, EPOLL_CTL_ADD, listener, EPOLLIN, {.ptr = nullptr});
  for (;;) {
    std::array<epoll_event, 64> events;
    const int ready = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    if (ready < 0 && errno != EINTR) give_up_on_errno("epoll_wait");
    for (int i = 0; i < ready; ++i) {
      auto* session = static_cast<Session*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (session == nullptr) {
        accept_all(epoll, listener, options);
      } else {
        queue.put(session);
      }
    }
  }
}
