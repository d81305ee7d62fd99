// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// The level-triggered epoll loop of one thread, for the servers that differ only in who runs how many of it.
#include <array>

#include "demo-servers/common/echo.hpp"
#include "demo-servers/common/epoll.hpp"

namespace wp::demo {

class EpollLoop {
 public:
  EpollLoop(const Options& options, ReadLog& log) : options_(options), log_(log), epoll_(make_epoll()) {}
  EpollLoop(const EpollLoop&) = delete;
  EpollLoop& operator=(const EpollLoop&) = delete;
  ~EpollLoop() { close(epoll_); }

  /// epoll_wait() polls the cards that its sockets' data came by, for so long before it sleeps.
  void poll_cards(std::uint32_t busy_us) { prefer_busy_poll(epoll_, busy_us); }

  /// Accepts from a non-blocking listener too. `events`: EPOLLIN, maybe with EPOLLEXCLUSIVE.
  void listen_at(int listener, std::uint32_t events) {
    listener_ = listener;
    set_interest(epoll_, EPOLL_CTL_ADD, listener, events);
  }

  void serve_one_round() {
    std::array<epoll_event, 64> events;
    const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
    if (ready < 0 && errno != EINTR) give_up_on_errno("epoll_wait");
    for (int i = 0; i < ready; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener_) {
        sessions_.accept_all(listener_, options_,
                             [this](Session& session) { set_interest(epoll_, EPOLL_CTL_ADD, session.fd(), EPOLLIN); });
      } else {
        handle(*sessions_.at(fd));
      }
    }
  }

 private:
  void handle(Session& session) {
    const bool was_sending = session.has_to_send();
    if (!session.serve(log_, by_read, by_write)) {
      sessions_.drop(session.fd());  // closing the descriptor takes it out of the epoll set
    } else if (session.has_to_send() != was_sending) {
      set_interest(epoll_, EPOLL_CTL_MOD, session.fd(), was_sending ? EPOLLIN : EPOLLOUT);
    }
  }

  const Options& options_;
  ReadLog& log_;
  int epoll_;
  int listener_ = -1;
  Sessions sessions_;
};

}  // namespace wp::demo
