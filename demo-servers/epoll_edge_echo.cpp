// SPDX-License-Identifier: GPL-2.0-or-later
// An echo server that waits in epoll_wait(), edge-triggered: it is told once of each arrival and must read until
// nothing is left.
//
// Expected path: as with the level-triggered one, an `ep_poll_callback` entry that stays. The difference is after the
// read: a second read() that returns EAGAIN, which a level-triggered server does without, and an item that does not
// go back to the ready list after epoll_wait() has reported it.
#include "demo-servers/common/echo.hpp"
#include "demo-servers/common/epoll.hpp"

namespace {

using namespace wp::demo;

class Server {
 public:
  Server(const Options& options, ReadLog& log)
      : options_(options), log_(log), listener_(listen_on(options, SOCK_NONBLOCK)), epoll_(make_epoll()) {
    set_interest(epoll_, EPOLL_CTL_ADD, listener_, EPOLLIN);
  }

  void serve_one_round() {
    std::array<epoll_event, 64> events;
    const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
    if (ready < 0 && errno != EINTR) give_up_on_errno("epoll_wait");
    for (int i = 0; i < ready; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener_) {
        sessions_.accept_all(listener_, options_, [this](Session& session) {
          set_interest(epoll_, EPOLL_CTL_ADD, session.fd(), EPOLLIN | EPOLLOUT | EPOLLET);
        });
      } else if (!drain(*sessions_.at(fd))) {
        sessions_.drop(fd);
      }
    }
  }

 private:
  /// Until there is neither data nor an answer that fits: only then does the next edge come. False: the peer is gone.
  bool drain(Session& session) {
    while (session.echo(by_write)) {
      if (session.has_to_send()) return true;  // room will be an edge too
      if (!session.read_once(log_, by_read)) return false;
      if (session.drained()) return true;
    }
    return false;
  }

  const Options& options_;
  ReadLog& log_;
  int listener_;
  int epoll_;
  Sessions sessions_;
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
