// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What the echo servers share: options, sessions that put fixed-size messages together again, the log of every read,
// and the end of the program. How a server waits, reads and writes is in its own file.
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "demo-servers/common/arguments.hpp"
#include "demo-servers/common/net.hpp"
#include "demo-servers/common/truth_log.hpp"

namespace wp::demo {

using ReadLog = TruthLog<truth::ServerRead>;

struct Options {
  std::uint16_t port = 0;  ///< 0: the kernel chooses
  std::string bind_to = "127.0.0.1";
  std::string truth;
  std::uint64_t truth_records = 0;
  unsigned max_seconds = 0;
  std::size_t message_bytes = 0;
  bool urgent = false;  ///< clients send urgent bytes: ask for the mark before each read, so that the log counts them
};

/// The options every server has. Ask `arguments` for the server's own before, or use parse_options().
inline Options common_options(Arguments& arguments) {
  Options options;
  options.port = static_cast<std::uint16_t>(arguments.number("--port", 0, 0, 65535));
  options.bind_to = arguments.text("--bind", options.bind_to);
  options.truth = arguments.text("--truth", "");
  options.truth_records = arguments.number("--truth-records", 1U << 20U, 1, 1U << 28U);
  options.max_seconds = static_cast<unsigned>(arguments.number("--max-seconds", 600, 1, 86400));
  options.message_bytes = arguments.number("--message-size", 64, 1, 1U << 20U);
  options.urgent = arguments.flag("--urgent");
  arguments.refuse_the_rest();
  return options;
}

inline Options parse_options(int argc, char** argv) {
  Arguments arguments(argc, argv);
  return common_options(arguments);
}

/// The log that end_on_signal() writes: a signal handler can't be handed anything.
inline ReadLog* log_of_this_process = nullptr;

/// SIGTERM, SIGINT and the time limit end the server wherever it is: the handler writes the log, with
/// async-signal-safe calls only, and leaves. So no wait needs a flag, a signal mask or a second descriptor,
/// and a blocking receive can be ended too without changing how it waits.
inline void end_on_signal(ReadLog& log, unsigned max_seconds) {
  log_of_this_process = &log;
  struct sigaction action {};
  action.sa_handler = [](int signal) {
    const bool whole = log_of_this_process->write_file();
    _exit(whole && signal != SIGALRM ? 0 : 1);
  };
  sigfillset(&action.sa_mask);
  for (const int signal : {SIGTERM, SIGINT, SIGALRM}) sigaction(signal, &action, nullptr);
  alarm(max_seconds);
}

/// A listening socket as the options have it, announced. `flags`: SOCK_NONBLOCK or 0.
inline int listen_on(const Options& options, int flags) {
  const int listener = listening_socket(address_from(options.bind_to, options.port), flags);
  announce(name_of_socket(listener));
  return listener;
}

// How a session reads and answers: the call is what the demos differ in.
inline ssize_t by_read(int fd, void* room, std::size_t bytes) { return read(fd, room, bytes); }
inline ssize_t by_write(int fd, const void* data, std::size_t bytes) { return write(fd, data, bytes); }
inline ssize_t by_recv(int fd, void* room, std::size_t bytes) { return recv(fd, room, bytes, 0); }
inline ssize_t by_send(int fd, const void* data, std::size_t bytes) { return send(fd, data, bytes, MSG_NOSIGNAL); }

/// One accepted connection: what was read and not yet echoed. Owns the descriptor.
class Session {
 public:
  Session(int fd, std::uint64_t connection, std::uint32_t cookie, const Options& options)
      : fd_(fd),
        connection_(connection),
        cookie_(cookie),
        message_bytes_(options.message_bytes),
        asks_for_mark_(options.urgent) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { close(fd_); }

  [[nodiscard]] int fd() const { return fd_; }

  /// Calls `receive(fd, room, bytes)` once and logs it. False: the peer is gone.
  template <typename Receive>
  bool read_once(ReadLog& log, Receive receive) {
    thread_local std::array<char, 65536> room;
    const bool at_mark = asks_for_mark_ && sockatmark(fd_) == 1;  // the read passes the urgent byte over
    const std::uint64_t before_ns = now_ns();
    const ssize_t got = receive(fd_, room.data(), room.size());
    const std::uint64_t after_ns = now_ns();
    drained_ = got < 0;
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) return false;
    urgent_ += at_mark;
    note_read(log, room.data(), static_cast<std::size_t>(got), before_ns, after_ns, thread_id());
    return true;
  }

  /// For a read that was not ours to call: `tid` made it between the two times.
  void note_read(ReadLog& log, const char* data, std::size_t bytes, std::uint64_t before_ns, std::uint64_t after_ns,
                 std::uint32_t tid) {
    const std::uint64_t offset = received_ + urgent_;
    log.add({before_ns, after_ns, connection_, offset, static_cast<std::uint32_t>(bytes), tid, fd_, cookie_});
    received_ += bytes;
    pending_.insert(pending_.end(), data, data + bytes);
  }

  /// Echoes the whole messages read so far with `send(fd, bytes, size)`. False: the peer is gone.
  template <typename Send>
  bool echo(Send send) {
    while (has_to_send()) {
      const ssize_t done = send(fd_, pending_.data(), to_send());
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) return errno == EAGAIN;
      note_sent(static_cast<std::size_t>(done));
    }
    return true;
  }

  void note_sent(std::size_t bytes) {
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(bytes));
    echoed_ += bytes;
  }

  /// One turn of a server that was told that this session is ready: what waits for room goes first, and while it waits
  /// nothing more is read. False: the peer is gone.
  template <typename Receive, typename Send>
  bool serve(ReadLog& log, Receive receive, Send send) {
    if (has_to_send()) return echo(send);
    return read_once(log, receive) && echo(send);
  }

  /// A whole message waits for room in the send buffer: the server stops reading until it has gone.
  [[nodiscard]] bool has_to_send() const { return to_send() > 0; }
  [[nodiscard]] const char* unsent() const { return pending_.data(); }
  [[nodiscard]] std::size_t to_send() const { return received_ / message_bytes_ * message_bytes_ - echoed_; }
  /// The last read found nothing.
  [[nodiscard]] bool drained() const { return drained_; }

 private:
  int fd_;
  std::uint64_t connection_;
  std::uint32_t cookie_;
  std::size_t message_bytes_;
  bool asks_for_mark_;
  std::uint64_t received_ = 0, echoed_ = 0;  ///< bytes since the connection was established
  std::uint64_t urgent_ = 0;                 ///< urgent bytes among them, which no read returned
  std::vector<char> pending_;                ///< the bytes [echoed_, received_)
  bool drained_ = false;
};

/// A Unix client's address is its key: it binds to an abstract name that ends in its number.
inline std::unique_ptr<Session> make_session(int fd, const Address& peer, const Options& options) {
  send_at_once(fd);
  const Address local = name_of_socket(fd);
  if (local.any.sa_family != AF_UNIX) {
    const auto key = truth::connection_key(local.any.sa_family, port_of(local), port_of(peer));
    return std::make_unique<Session>(fd, key, 0, options);
  }
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) != 0) give_up_on_errno("SO_COOKIE");
  const std::string name = peer.path.sun_path + 1;
  const auto number = std::strtoul(name.c_str() + name.rfind('-') + 1, nullptr, 10);
  return std::make_unique<Session>(fd, truth::unix_key(static_cast<std::uint32_t>(number)),
                                   static_cast<std::uint32_t>(cookie), options);
}

/// Null: nobody is there (any more). `flags`: SOCK_NONBLOCK or 0.
inline std::unique_ptr<Session> accept_one(int listener, const Options& options, int flags) {
  Address peer{};
  socklen_t peer_size = sizeof peer;
  const int fd = accept4(listener, &peer.any, &peer_size, SOCK_CLOEXEC | flags);
  if (fd < 0) {
    if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return nullptr;
    give_up_on_errno("accept");
  }
  return make_session(fd, peer, options);
}

/// Serves one connection to its end, sleeping in the calls that read and write.
inline void serve_blocking(Session& session, ReadLog& log) {
  while (session.read_once(log, by_recv) && session.echo(by_send)) {
  }
}

/// The sessions of a server that serves many in one thread, by descriptor.
class Sessions {
 public:
  /// Accepts everybody who waits at a non-blocking listener; calls `added(Session&)` for each.
  template <typename Added>
  void accept_all(int listener, const Options& options, Added added) {
    while (auto session = accept_one(listener, options, SOCK_NONBLOCK)) {
      const auto slot = static_cast<std::size_t>(session->fd());
      if (slot >= sessions_.size()) sessions_.resize(slot + 1);
      sessions_[slot] = std::move(session);
      added(*sessions_[slot]);
    }
  }
  /// Null: there is none.
  [[nodiscard]] Session* at(int fd) const {
    return static_cast<std::size_t>(fd) < sessions_.size() ? sessions_[static_cast<std::size_t>(fd)].get() : nullptr;
  }
  /// Closes its descriptor too.
  void drop(int fd) { sessions_[static_cast<std::size_t>(fd)].reset(); }
  /// One past the highest descriptor.
  [[nodiscard]] int end() const { return static_cast<int>(sessions_.size()); }

 private:
  std::vector<std::unique_ptr<Session>> sessions_;
};

}  // namespace wp::demo
