// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Addresses and listening sockets: IPv4, IPv6, Unix; stream and datagram.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "demo-servers/common/arguments.hpp"
#include "userspace/truth/records.hpp"

namespace wp::demo {

/// Room for an address of any family.
union Address {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
  sockaddr_un path;
};

constexpr std::string_view kUnix = "unix:";

inline std::uint16_t port_of(const Address& address) {
  return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

inline socklen_t size_of(const Address& address) {
  switch (address.any.sa_family) {
    case AF_INET6: return sizeof(sockaddr_in6);
    case AF_UNIX:  // an abstract name: a zero byte, the name, no zero at its end
      return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + std::strlen(address.path.sun_path + 1));
    default: return sizeof(sockaddr_in);
  }
}

/// An abstract Unix address: it has no file that could stay behind.
inline Address unix_address(const std::string& name) {
  Address address{};
  address.path.sun_family = AF_UNIX;
  if (name.empty() || name.size() + 2 > sizeof address.path.sun_path) give_up("not a name for a socket: " + name);
  std::memcpy(address.path.sun_path + 1, name.data(), name.size());
  return address;
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

inline Address name_of_socket(int fd) {
  Address address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, &address.any, &size) != 0) give_up_on_errno("getsockname");
  return address;
}

/// A socket bound to `address`. `flags`: SOCK_NONBLOCK or 0; `shared`: others may bind the same port (SO_REUSEPORT).
inline int bound_socket(const Address& address, int type, int flags, bool shared = false) {
  const int fd = socket(address.any.sa_family, type | SOCK_CLOEXEC | flags, 0);
  if (fd < 0) give_up_on_errno("socket");
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) give_up_on_errno("SO_REUSEPORT");
  if (bind(fd, &address.any, size_of(address)) != 0) give_up_on_errno("bind");
  return fd;
}

/// The same, with clients connecting to it.
inline int listening_socket(const Address& address, int flags, bool shared = false) {
  const int listener = bound_socket(address, SOCK_STREAM, flags, shared);
  if (listen(listener, SOMAXCONN) != 0) give_up_on_errno("listen");
  return listener;
}

/// Tells whoever started us that clients can connect, and where.
inline void announce(const Address& address) {
  if (address.any.sa_family == AF_UNIX) {
    std::printf("listening unix:%s\n", address.path.sun_path + 1);
  } else {
    std::printf("listening %u\n", unsigned{port_of(address)});
  }
  std::fflush(stdout);
}

inline void send_at_once(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // fails on a Unix socket, which needs none
}

/// As many descriptors as the hard limit allows.
inline void allow_many_descriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) give_up_on_errno("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) give_up_on_errno("setrlimit");
}

}  // namespace wp::demo
