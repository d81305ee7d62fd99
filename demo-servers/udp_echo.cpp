// SPDX-License-Identifier: GPL-2.0-or-later
// An echo server over UDP: one socket for all clients, recvfrom() and sendto(), no connection.
//
// Expected path: recvfrom() sleeps with a `receiver_wake_function` entry on the socket; a path is one datagram, never a
// range of bytes, and the packet says which one it was.
#include <map>

#include "demo-servers/common/echo.hpp"

int main(int argc, char** argv) {
  using namespace wp::demo;
  const Options options = parse_options(argc, argv);
  ReadLog log(options.truth, options.truth_records);
  end_on_signal(log, options.max_seconds);
  const int fd = bound_socket(address_from(options.bind_to, options.port), SOCK_DGRAM, 0);
  const Address local = name_of_socket(fd);
  announce(local);
  const auto tid = static_cast<std::uint32_t>(gettid());
  std::map<std::uint16_t, std::uint64_t> received;  ///< bytes, by the client's port
  static std::array<char, 65536> room;
  for (;;) {
    Address peer{};
    socklen_t size = sizeof peer;
    const std::uint64_t before_ns = now_ns();
    const ssize_t got = recvfrom(fd, room.data(), room.size(), 0, &peer.any, &size);
    const std::uint64_t after_ns = now_ns();
    if (got <= 0) continue;
    const auto bytes = static_cast<std::uint32_t>(got);
    std::uint64_t& offset = received[port_of(peer)];
    const auto key = wp::truth::connection_key(local.any.sa_family, port_of(local), port_of(peer));
    log.add({before_ns, after_ns, key, offset, bytes, tid, fd, 0});
    offset += bytes;
    sendto(fd, room.data(), bytes, 0, &peer.any, size);
  }
}
