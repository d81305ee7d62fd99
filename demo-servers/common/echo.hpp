// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What the echo servers share: options, the listening socket, reassembly of fixed-size messages, the log of
// every read, and the end of the program. How a server waits, reads and writes is in its own file.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "demo-servers/common/arguments.hpp"
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
};

inline Options parse_options(int argc, char** argv) {
  Arguments arguments(argc, argv);
  Options options;
  options.port = static_cast<std::uint16_t>(arguments.number("--port", 0, 0, 65535));
  options.bind_to = arguments.text("--bind", options.bind_to);
  options.truth = arguments.text("--truth", "");
  options.truth_records = arguments.number("--truth-records", 1U << 20U, 1, 1U << 28U);
  options.max_seconds = static_cast<unsigned>(arguments.number("--max-seconds", 600, 1, 86400));
  options.message_bytes = arguments.number("--message-size", 64, 16, 1U << 20U);
  arguments.refuse_the_rest();
  return options;
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

inline void allow_many_descriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) give_up_on_errno("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) give_up_on_errno("setrlimit");
}

/// Room for an address of either family.
union Address {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

inline std::uint16_t port_of(const Address& address) {
  return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

inline Address address_from(const std::string& host, std::uint16_t port) {
  Address address{};
  if (inet_pton(AF_INET, host.c_str(), &address.v4.sin_addr) == 1) {
    address.v4.sin_family = AF_INET;
    address.v4.sin_port = htons(port);
  } else if (inet_pton(AF_INET6, host.c_str(), &address.v6.sin6_addr) == 1) {
    address.v6.sin6_family = AF_INET6;
    address.v6.sin6_port = htons(port);
  } else {
    give_up("not a numeric address: " + host);
  }
  return address;
}

inline socklen_t size_of(const Address& address) {
  return address.any.sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

/// Prints `listening PORT` once clients can connect. `flags`: SOCK_NONBLOCK or 0.
inline int listen_on(const Options& options, int flags) {
  Address address = address_from(options.bind_to, options.port);
  const int listener = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
  if (listener < 0) give_up_on_errno("socket");
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, &address.any, size_of(address)) != 0) give_up_on_errno("bind");
  if (listen(listener, SOMAXCONN) != 0) give_up_on_errno("listen");
  socklen_t size = sizeof address;
  if (getsockname(listener, &address.any, &size) != 0) give_up_on_errno("getsockname");
  std::printf("listening %u\n", unsigned{port_of(address)});
  std::fflush(stdout);
  return listener;
}

/// One accepted connection: what was read and not yet echoed. Owns the descriptor.
class Session {
 public:
  Session(int fd, std::uint64_t connection, std::size_t message_bytes)
      : fd_(fd), connection_(connection), message_bytes_(message_bytes) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { close(fd_); }

  [[nodiscard]] int fd() const { return fd_; }

  /// Calls `receive(fd, room, bytes)` once and logs it. False: the peer is gone.
  template <typename Receive>
  bool read_once(ReadLog& log, Receive receive) {
    static std::array<char, 65536> room;  // one thread, one read at a time
    const std::uint64_t before_ns = now_ns();
    const ssize_t got = receive(fd_, room.data(), room.size());
    const std::uint64_t after_ns = now_ns();
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) return false;
    static const auto tid = static_cast<std::uint32_t>(gettid());
    log.add({before_ns, after_ns, connection_, received_, static_cast<std::uint32_t>(got), tid, fd_, 0});
    received_ += static_cast<std::uint64_t>(got);
    pending_.insert(pending_.end(), room.begin(), room.begin() + got);
    return true;
  }

  /// Echoes the whole messages read so far with `send(fd, bytes, size)`. False: the peer is gone.
  template <typename Send>
  bool echo(Send send) {
    while (has_to_send()) {
      const ssize_t done = send(fd_, pending_.data(), received_ / message_bytes_ * message_bytes_ - echoed_);
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) return errno == EAGAIN;
      pending_.erase(pending_.begin(), pending_.begin() + done);
      echoed_ += static_cast<std::uint64_t>(done);
    }
    return true;
  }

  /// A whole message waits for room in the send buffer: the server stops reading until it has gone.
  [[nodiscard]] bool has_to_send() const { return received_ / message_bytes_ * message_bytes_ > echoed_; }

 private:
  int fd_;
  std::uint64_t connection_;
  std::size_t message_bytes_;
  std::uint64_t received_ = 0, echoed_ = 0;  ///< bytes since the connection was established
  std::vector<char> pending_;                ///< the bytes [echoed_, received_)
};

/// Null: nobody is there (any more). `flags`: SOCK_NONBLOCK or 0.
inline std::unique_ptr<Session> accept_one(int listener, const Options& options, int flags) {
  Address peer{}, local{};
  socklen_t peer_size = sizeof peer, local_size = sizeof local;
  const int fd = accept4(listener, &peer.any, &peer_size, SOCK_CLOEXEC | flags);
  if (fd < 0) {
    if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return nullptr;
    give_up_on_errno("accept");
  }
  if (getsockname(fd, &local.any, &local_size) != 0) give_up_on_errno("getsockname");
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const auto key = truth::connection_key(local.any.sa_family, port_of(local), port_of(peer));
  return std::make_unique<Session>(fd, key, options.message_bytes);
}

}  // namespace wp::demo
