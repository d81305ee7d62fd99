// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// The frame of a program that shows one mechanism and plays both sides of it: it says `ready`, waits until somebody
// watches (SIGUSR1), plays its part, and prints what it knows it did. Names that begin with told_ are for reading only;
// the others must be what the trace counts under the same name.
#include <fcntl.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "demo-servers/common/net.hpp"
#include "demo-servers/common/process.hpp"

namespace wp::demo {

constexpr unsigned kMechanismSeconds = 60;

/// Before any other process or thread is made: the signal is blocked from here on.
inline void wait_until_watched() {
  sigset_t go;
  sigemptyset(&go);
  sigaddset(&go, SIGUSR1);
  sigprocmask(SIG_BLOCK, &go, nullptr);
  alarm(kMechanismSeconds);
  std::puts("ready");
  std::fflush(stdout);
  int number = 0;
  sigwait(&go, &number);
}

using Facts = std::vector<std::pair<std::string, std::string>>;  ///< name, value as JSON

inline void tell(const Facts& facts) {
  std::string line;
  for (const auto& [name, value] : facts) line += (line.empty() ? "{\"" : ",\"") + name + "\":" + value;
  std::printf("%s}\n", line.c_str());
}

/// A listening socket on the loopback.
inline int loopback_listener() { return listening_socket(address_from("127.0.0.1", 0), 0); }

inline int connect_to(int listener) {
  const Address address = name_of_socket(listener);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, &address.any, size_of(address)) != 0) give_up_on_errno("connect");
  return fd;
}

inline int accept_at(int listener) {
  const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) give_up_on_errno("accept");
  return fd;
}

/// All of it, by as many calls as it takes. False: the end came first.
inline bool read_whole(int fd, void* room, std::size_t bytes) {
  auto* at = static_cast<char*>(room);
  while (bytes > 0) {
    const ssize_t got = read(fd, at, bytes);
    if (got <= 0) return false;
    at += got;
    bytes -= static_cast<std::size_t>(got);
  }
  return true;
}

inline void send_whole(int fd, const void* data, std::size_t bytes, int flags = 0) {
  if (send(fd, data, bytes, flags | MSG_NOSIGNAL) != static_cast<ssize_t>(bytes)) give_up_on_errno("send");
}

/// The other end of a connection: a child of ours that plays its part there and exits with 0.
struct Peer {
  pid_t pid;
  int fd;  ///< our end
};

/// Once somebody watches: the child connects, we accept. `play(fd)` is the child's part.
template <typename Play>
Peer connected_from_child(Play play) {
  wait_until_watched();
  const int listener = loopback_listener();
  const pid_t child = fork_child();
  if (child == 0) {
    const int fd = connect_to(listener);
    send_at_once(fd);
    play(fd);
    _exit(0);
  }
  const int fd = accept_at(listener);
  send_at_once(fd);
  return {child, fd};
}

/// Once somebody watches: we connect, the child accepts. `play(fd)` is the child's part.
template <typename Play>
Peer connected_to_child(Play play) {
  wait_until_watched();
  const int listener = loopback_listener();
  const pid_t child = fork_child();
  if (child == 0) {
    play(accept_at(listener));
    _exit(0);
  }
  return {child, connect_to(listener)};
}

/// Waits for a child and gives up with it.
inline void end_with(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) give_up("a child failed");
}

}  // namespace wp::demo
