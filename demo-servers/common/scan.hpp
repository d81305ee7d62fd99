// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What the pretenders share: a non-blocking listener and its connections, each of which can be tried at any time.
// How a pretender learns that it is worth trying, or does not care, is in its own file.
#include <thread>
#include <utility>

#include "demo-servers/common/echo.hpp"
#include "demo-servers/common/epoll.hpp"

namespace wp::demo {

class Connections {
 public:
  Connections(const Options& options, ReadLog& log)
      : options_(options), log_(log), listener_(listen_on(options, SOCK_NONBLOCK)) {}

  [[nodiscard]] int listener() const { return listener_; }
  /// It has not ended.
  [[nodiscard]] bool has(int fd) const { return sessions_.at(fd) != nullptr; }

  /// Accepts all there are and calls `on_new(fd)` for each. True: somebody was there.
  template <typename OnNew>
  bool accept_all(OnNew on_new) {
    bool any = false;
    sessions_.accept_all(listener_, options_, [&](const Session& session) {
      on_new(session.fd());
      any = true;
    });
    return any;
  }

  /// One receive of at most `most` bytes and the echo. True: there was something, if only the peer's end.
  bool serve(int fd, std::size_t most = ~std::size_t{0}) {
    Session* session = sessions_.at(fd);
    if (!session) return false;
    bool found = true;
    const auto receive = [&](int from, void* room, std::size_t bytes) {
      const ssize_t got = recv(from, room, std::min(bytes, most), 0);
      found = got >= 0;
      return got;
    };
    if (!session->serve(log_, receive, by_send)) sessions_.drop(fd);
    return found;
  }

  /// Tries the listener and every connection. True: anything was found.
  bool scan() {
    bool any = accept_all([](int) {});
    for (int fd = 0; fd < sessions_.end(); ++fd) any = serve(fd) || any;
    return any;
  }

 private:
  const Options& options_;
  ReadLog& log_;
  int listener_;
  Sessions sessions_;
};

/// An epoll instance that watches the listener, and connections as they come.
class Watch {
 public:
  explicit Watch(Connections& connections) : connections_(connections), epoll_(make_epoll()) {
    add(connections.listener(), EPOLLIN);
  }

  void add(int fd, std::uint32_t events) { set_interest(epoll_, EPOLL_CTL_ADD, fd, events); }

  /// One epoll_wait; `on_ready(fd)` for what is ready and not the listener, which is served here. How many were ready.
  template <typename OnReady>
  int round(int timeout_ms, OnReady on_ready, std::uint32_t events = EPOLLIN) {
    std::array<epoll_event, 64> ready;
    const int count = epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), timeout_ms);
    if (count < 0 && errno != EINTR) give_up_on_errno("epoll_wait");
    for (int i = 0; i < count; ++i) {
      const int fd = ready[static_cast<std::size_t>(i)].data.fd;
      if (fd == connections_.listener())
        connections_.accept_all([&](int accepted) { add(accepted, events); });
      else
        on_ready(fd);
    }
    return count;
  }

 private:
  Connections& connections_;
  int epoll_;
};

/// The options, the log and the end of every pretender; `serve(Connections&)` never returns.
template <typename Serve>
[[noreturn]] void pretend(int argc, char** argv, Serve serve) {
  const Options options = parse_options(argc, argv);
  ReadLog log(options.truth, options.truth_records);
  end_on_signal(log, options.max_seconds);
  allow_many_descriptors();
  Connections connections(options, log);
  serve(connections);
  give_up("a pretender has stopped pretending");
}

}  // namespace wp::demo
