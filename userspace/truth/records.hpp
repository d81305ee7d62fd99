// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What the demo servers and the load client write down about themselves, independently of any tracer:
// the two log files that a recording is compared with. Plain data; the writers include this and nothing else of ours.
//
// A file is one FileHeader and then `records` records of its one kind, in the byte order of the machine:
// it lives as long as one demo run. Times are CLOCK_MONOTONIC, the clock of the recording.
#include <array>
#include <cstdint>

namespace wp::truth {

struct FileHeader {
  std::array<char, 8> magic{};
  std::uint32_t record_bytes = 0;
  std::uint32_t unused = 0;
  std::uint64_t records = 0;
  std::uint64_t dropped = 0;  ///< the log was full: such a log proves nothing
};

/// A TCP connection as the server's socket sees it. Both ends of a log must build the same key; addresses are left
/// out because every demo talks to one address, the family is in because 127.0.0.1 and ::1 may share both ports.
constexpr std::uint64_t connection_key(std::uint16_t family, std::uint16_t server_port, std::uint16_t client_port) {
  return std::uint64_t{family} << 32U | std::uint64_t{server_port} << 16U | client_port;
}

/// A connection of a Unix socket: the client counts its own, from 1, and binds to a name that ends in the number.
constexpr std::uint64_t unix_key(std::uint32_t number) { return std::uint64_t{1} << 32U | number; }  // 1: AF_UNIX

/// One call of the server that returned data.
struct ServerRead {
  static constexpr std::array<char, 8> kMagic{'w', 'p', 't', 'r', 'e', 'a', 'd', '2'};
  std::uint64_t before_ns = 0;   ///< taken by the server just before the call
  std::uint64_t after_ns = 0;    ///< and just after it
  std::uint64_t connection = 0;  ///< connection_key()
  std::uint64_t offset = 0;      ///< of the first byte read, in the stream the connection received
  std::uint32_t bytes = 0;
  std::uint32_t tid = 0;
  std::int32_t fd = -1;      ///< -1: the server does not know from which (io_uring)
  std::uint32_t cookie = 0;  ///< Unix sockets, which have no ports: low half of SO_COOKIE; else 0
  /// Between these two the reading thread was made: by the clock of who made it, and by its own. 0: not told.
  std::uint64_t born_after_ns = 0, born_before_ns = 0;
};

/// One request of the client whose echo came back right.
struct ClientRequest {
  static constexpr std::array<char, 8> kMagic{'w', 'p', 't', 'r', 'q', 's', 't', '1'};
  std::uint64_t connection = 0;      ///< connection_key()
  std::uint64_t id = 0;              ///< from 0 on each connection
  std::uint64_t offset = 0;          ///< of its first byte in the stream the server receives
  std::uint64_t send_before_ns = 0;  ///< just before the call that sent its first byte
  std::uint64_t send_after_ns = 0;   ///< just after the call that sent its last byte
  std::uint64_t reply_ns = 0;        ///< when the last byte of the echo had been read
  std::uint32_t bytes = 0;
  std::uint32_t urgent_before =
      0;  ///< urgent bytes between the request before and this one: they take room in the stream
};

static_assert(sizeof(FileHeader) == 32 && sizeof(ServerRead) == 64 && sizeof(ClientRequest) == 56);

}  // namespace wp::truth
