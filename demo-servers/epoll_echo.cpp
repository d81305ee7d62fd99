// SPDX-License-Identifier: GPL-2.0-or-later
// An echo server that waits in epoll_wait(), level-triggered, many connections in one thread; read() and write().
//
// Expected path: EPOLL_CTL_ADD puts one `ep_poll_callback` entry on each socket's wait queue and leaves it there, so
// every delivery finds it, whether the server sleeps or works; the server itself sleeps on the epoll instance's own
// queue. Asleep: waking, running, the return of epoll_wait(), read(). At work: no wake, the socket joins the
// ready list and the next epoll_wait() returns at once.
#include <sys/epoll.h>

#include <array>

#include "demo-servers/common/echo.hpp"

namespace {

using namespace wp::demo;

class Server {
 public:
  Server(const Options& options, ReadLog& log)
      : options_(options),
        log_(log),
        listener_(listen_on(options, SOCK_NONBLOCK)),
        epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) give_up_on_errno("epoll_create1");
    set_interest(EPOLL_CTL_ADD, listener_, EPOLLIN);
  }

  void serve_one_round() {
    std::array<epoll_event, 64> events;
    const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
    if (ready < 0 && errno != EINTR) give_up_on_errno("epoll_wait");
    for (int i = 0; i < ready; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener_) {
        accept_all();
      } else {
        handle(sessions_[static_cast<std::size_t>(fd)]);
      }
    }
  }

 private:
  void handle(std::unique_ptr<Session>& session) {
    const bool was_sending = session->has_to_send();
    if (!serve(*session)) {
      session.reset();  // closing the descriptor takes it out of the epoll set
    } else if (session->has_to_send() != was_sending) {
      set_interest(EPOLL_CTL_MOD, session->fd(), was_sending ? EPOLLIN : EPOLLOUT);
    }
  }

  bool serve(Session& session) {
    const auto receive = [](int fd, void* room, std::size_t bytes) { return read(fd, room, bytes); };
    const auto answer = [](int fd, const void* bytes, std::size_t size) { return write(fd, bytes, size); };
    if (session.has_to_send()) return session.echo(answer);
    return session.read_once(log_, receive) && session.echo(answer);
  }

  void accept_all() {
    while (auto session = accept_one(listener_, options_, SOCK_NONBLOCK)) {
      const int fd = session->fd();
      if (static_cast<std::size_t>(fd) >= sessions_.size()) sessions_.resize(static_cast<std::size_t>(fd) + 1);
      sessions_[static_cast<std::size_t>(fd)] = std::move(session);
      set_interest(EPOLL_CTL_ADD, fd, EPOLLIN);
    }
  }

  void set_interest(int operation, int fd, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    if (epoll_ctl(epoll_, operation, fd, &event) != 0) give_up_on_errno("epoll_ctl");
  }

  const Options& options_;
  ReadLog& log_;
  int listener_;
  int epoll_;
  std::vector<std::unique_ptr<Session>> sessions_;  ///< by descriptor
};

}  // namespace

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);  // write() has no MSG_NOSIGNAL
  const Options options = parse_options(argc, argv);
  ReadLog log(options.truth, options.truth_records);
  end_on_signal(log, options.max_seconds);
  allow_many_descriptors();
  Server server(options, log);
  for (;;) server.serve_one_round();
}
