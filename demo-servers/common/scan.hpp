// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What the pretenders share: a non-blocking listener and its connections, each of which can be tried at any time.
// How a pretender learns that it is worth trying, or does not care, is in its own file.
#include <sys/epoll.h>

#include <thread>
#include <utility>

#include "demo-servers/common/echo.hpp"

namespace wp::demo {

class Connections {
 public:
  Connections(const Options& options, ReadLog& log)
      : options_(options), log_(log), listener_(listen_on(options, SOCK_NONBLOCK)) {}

  [[nodiscard]] int listener() const { return listener_; }

  /// Accepts all there are and calls `on_new(fd)` for each. True: somebody was there.
  template <typename OnNew>
  bool accept_all(OnNew on_new) {
    bool any = false;
    while (auto session = accept_one(listener_, options_, SOCK_NONBLOCK)) {
      const auto fd = static_cast<std::size_t>(session->fd());
      if (fd >= sessions_.size()) sessions_.resize(fd + 1);
      sessions_[fd] = std::move(session);
      on_new(static_cast<int>(fd));
      any = true;
    }
    return any;
  }

  /// One receive of at most `most` bytes and the echo. True: there was something, if only the peer's end.
  bool serve(int fd, std::size_t most = ~std::size_t{0}) {
    auto& session = sessions_[static_cast<std::size_t>(fd)];
    if (!session) return false;
    bool found = true;
    const auto receive = [&](int from, void* room, std::size_t bytes) {
      const ssize_t got = recv(from, room, std::min(bytes, most), 0);
      found = got >= 0;
      return got;
    };
    const auto answer = [](int to, const void* bytes, std::size_t size) { return send(to, bytes, size, MSG_NOSIGNAL); };
    const bool there =
        session->has_to_send() ? session->echo(answer) : session->read_once(log_, receive) && session->echo(answer);
    if (!there) session.reset();
    return found;
  }

  /// Tries the listener and every connection. True: anything was found.
  bool scan() {
    bool any = accept_all([](int) {});
    for (const auto& session : sessions_)
      if (session) any = serve(session->fd()) || any;
    return any;
  }

 private:
  const Options& options_;
  ReadLog& log_;
  int listener_;
  std::vector<std::unique_ptr<Session>> sessions_;  ///< by descriptor
};

/// An epoll instance that watches the listener, and connections as they come.
class Watch {
 public:
  explicit Watch(Connections& connections) : connections_(connections), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) give_up_on_errno("epoll_create1");
    add(connections.listener(), EPOLLIN);
  }

  void add(int fd, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) give_up_on_errno("epoll_ctl");
  }

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
