// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/words.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace wp::report {
namespace {

constexpr std::uint16_t kProtocolMptcp = 262;

std::string address(const model::Socket& socket, const std::array<std::uint8_t, 16>& bytes, std::uint16_t port) {
  char text[INET6_ADDRSTRLEN];
  if (!socket.known) return {};
  if (socket.family == AF_INET && inet_ntop(AF_INET, bytes.data(), text, sizeof text) != nullptr) {
    return fmt::format("{}:{}", text, port);
  }
  if (socket.family == AF_INET6 && inet_ntop(AF_INET6, bytes.data(), text, sizeof text) != nullptr) {
    return fmt::format("[{}]:{}", text, port);
  }
  return {};
}

const char* unix_name(std::uint8_t type) {
  switch (type) {
    case SOCK_STREAM: return "unix_stream";
    case SOCK_DGRAM: return "unix_dgram";
    case SOCK_SEQPACKET: return "unix_seqpacket";
    default: return "other";
  }
}

}  // namespace

const char* family_name(const model::Socket& socket) {
  if (!socket.known) return "unknown";
  switch (socket.family) {
    case AF_INET: return "inet";
    case AF_INET6: return "inet6";
    case AF_UNIX: return "unix";
    default: return "other";
  }
}

const char* protocol_name(const model::Socket& socket) {
  if (!socket.known) return "unknown";
  if (socket.family == AF_UNIX) return unix_name(socket.type);
  switch (socket.protocol) {
    case IPPROTO_TCP: return "tcp";
    case IPPROTO_UDP: return "udp";
    case IPPROTO_UDPLITE: return "udplite";
    case IPPROTO_SCTP: return "sctp";
    case kProtocolMptcp: return "mptcp";
    default: return "other";
  }
}

std::string local_address(const model::Socket& socket) { return address(socket, socket.local, socket.local_port); }
std::string peer_address(const model::Socket& socket) { return address(socket, socket.peer, socket.peer_port); }

std::string msg_flags_text(std::uint32_t flags) {
  struct Flag {
    std::uint32_t bit;
    const char* name;
  };
  constexpr Flag kFlags[] = {{MSG_OOB, "MSG_OOB"},
                             {MSG_PEEK, "MSG_PEEK"},
                             {MSG_TRUNC, "MSG_TRUNC"},
                             {MSG_DONTWAIT, "MSG_DONTWAIT"},
                             {MSG_WAITALL, "MSG_WAITALL"},
                             {MSG_ERRQUEUE, "MSG_ERRQUEUE"},
                             {MSG_NOSIGNAL, "MSG_NOSIGNAL"},
                             {MSG_WAITFORONE, "MSG_WAITFORONE"},
                             {MSG_CMSG_CLOEXEC, "MSG_CMSG_CLOEXEC"}};
  std::string text;
  const auto append = [&text](const std::string& word) { text += (text.empty() ? "" : "|") + word; };
  for (const Flag& flag : kFlags) {
    if ((flags & flag.bit) == 0) continue;
    append(flag.name);
    flags &= ~flag.bit;
  }
  if (flags != 0) append(fmt::format("{:#x}", flags));
  return text;
}

}  // namespace wp::report
