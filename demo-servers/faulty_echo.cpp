// SPDX-License-Identifier: GPL-2.0-or-later
// An epoll echo server with a fault that is known, for asking whether the blame falls on it.
//   --sleep-us U          sleeps in the middle of every request of its first connection
//   --accept-sleep-us U   sleeps before every accept
#include <sys/epoll.h>

#include <array>

#include "demo-servers/common/echo.hpp"

namespace {

using namespace wp::demo;

struct Faults {
  std::uint64_t sleep_us = 0, accept_sleep_us = 0;
};

void sleep_us(std::uint64_t us) {
  timespec left{static_cast<time_t>(us / 1'000'000), static_cast<long>(us % 1'000'000 * 1000)};
  while (us != 0 && clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR) {
  }
}

class Server {
 public:
  Server(const Options& options, const Faults& faults, ReadLog& log)
      : options_(options),
        faults_(faults),
        log_(log),
        listener_(listen_on(options, SOCK_NONBLOCK)),
        epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) give_up_on_errno("epoll_create1");
    watch(listener_);
  }

  void serve_one_round() {
    std::array<epoll_event, 64> events;
    const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
    if (ready < 0 && errno != EINTR) give_up_on_errno("epoll_wait");
    for (int i = 0; i < ready; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener_)
        accept_next();
      else
        serve(sessions_[static_cast<std::size_t>(fd)]);
    }
  }

 private:
  void serve(std::unique_ptr<Session>& session) {
    const auto receive = [](int fd, void* room, std::size_t bytes) { return read(fd, room, bytes); };
    const auto answer = [](int fd, const void* bytes, std::size_t size) { return write(fd, bytes, size); };
    const bool is_alive = session->read_once(log_, receive);
    if (is_alive && session->fd() == slow_fd_) sleep_us(faults_.sleep_us);
    if (!is_alive || !session->echo(answer)) session.reset();
  }

  void accept_next() {
    sleep_us(faults_.accept_sleep_us);
    auto session = accept_one(listener_, options_, SOCK_NONBLOCK);
    if (!session) return;
    const int fd = session->fd();
    if (slow_fd_ < 0) slow_fd_ = fd;
    if (static_cast<std::size_t>(fd) >= sessions_.size()) sessions_.resize(static_cast<std::size_t>(fd) + 1);
    sessions_[static_cast<std::size_t>(fd)] = std::move(session);
    watch(fd);
  }

  void watch(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) give_up_on_errno("epoll_ctl");
  }

  const Options& options_;
  Faults faults_;
  ReadLog& log_;
  int listener_;
  int epoll_;
  int slow_fd_ = -1;
  std::vector<std::unique_ptr<Session>> sessions_;  ///< by descriptor
};

}  // namespace

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  Arguments arguments(argc, argv);
  Faults faults;
  faults.sleep_us = arguments.number("--sleep-us", 0, 0, 1'000'000);
  faults.accept_sleep_us = arguments.number("--accept-sleep-us", 0, 0, 1'000'000);
  Options options;
  options.port = static_cast<std::uint16_t>(arguments.number("--port", 0, 0, 65535));
  options.bind_to = arguments.text("--bind", options.bind_to);
  options.max_seconds = static_cast<unsigned>(arguments.number("--max-seconds", 600, 1, 86400));
  options.message_bytes = arguments.number("--message-size", 64, 16, 1U << 20U);
  arguments.refuse_the_rest();
  ReadLog log("", 1);
  end_on_signal(log, options.max_seconds);
  Server server(options, faults, log);
  for (;;) server.serve_one_round();
}
