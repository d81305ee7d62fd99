// SPDX-License-Identifier: GPL-2.0-or-later
// A message in three parts: sent by three write() or by one writev(), with Nagle's algorithm on (as it is unless told)
// or off (TCP_NODELAY); received by one readv() into three buffers.
//
//   --gather   one writev() a message
//   --nodelay  TCP_NODELAY
//
// Expected: writev() is one call and one packet either way. Three write() with Nagle off are three packets; with
// Nagle on, the first leaves at once and the other two wait together for its acknowledgement, so that they leave later,
// in one packet, and not inside any send call. The kernel's own count (TCP_INFO, data segments out) is told besides.
#include <sys/uio.h>

#include "demo-servers/common/mechanism.hpp"

namespace {

using namespace wp::demo;

constexpr unsigned kMessages = 20;
constexpr std::size_t kPart = 10, kParts = 3;

void receive_rounds(int fd) {
  std::array<std::array<char, kPart>, kParts> parts;
  for (unsigned i = 0; i < kMessages; ++i) {
    for (std::size_t got = 0; got < kPart * kParts;) {
      std::array<iovec, kParts> into;
      for (std::size_t p = 0; p < kParts; ++p) into[p] = {parts[p].data(), kPart};
      const ssize_t n = readv(fd, into.data(), kParts);
      if (n <= 0) _exit(1);
      got += static_cast<std::size_t>(n);
    }
    send_whole(fd, "1", 1);
  }
}

void send_message(int fd, bool gather) {
  std::array<std::array<char, kPart>, kParts> parts{};
  std::array<iovec, kParts> from;
  for (std::size_t p = 0; p < kParts; ++p) from[p] = {parts[p].data(), kPart};
  if (gather) {
    if (writev(fd, from.data(), kParts) != static_cast<ssize_t>(kPart * kParts)) give_up_on_errno("writev");
    return;
  }
  for (const auto& part : parts) {
    if (write(fd, part.data(), part.size()) != static_cast<ssize_t>(part.size())) give_up_on_errno("write");
  }
}

/// Of the connection, by the kernel's own count.
unsigned data_packets_out(int fd) {
  // linux/tcp.h and netinet/tcp.h can't both be included: the field's place is part of the kernel's interface.
  constexpr std::size_t kDataSegsOutOffset = 156;
  std::array<char, 512> info{};
  socklen_t size = info.size();
  unsigned packets = 0;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, info.data(), &size) != 0) give_up_on_errno("TCP_INFO");
  if (size >= kDataSegsOutOffset + sizeof packets)
    std::memcpy(&packets, info.data() + kDataSegsOutOffset, sizeof packets);
  return packets;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments(argc, argv);
  const bool gather = arguments.flag("--gather"), nodelay = arguments.flag("--nodelay");
  arguments.refuse_the_rest();
  const auto [receiver, fd] = connected_to_child(receive_rounds);
  if (nodelay) send_at_once(fd);
  char echo = 0;
  for (unsigned i = 0; i < kMessages; ++i) {
    send_message(fd, gather);
    if (!read_whole(fd, &echo, 1)) give_up("no answer");
  }
  const std::string packets = std::to_string(data_packets_out(fd));
  end_with(receiver);
  const std::string call = gather ? "writev" : "write";
  Facts facts{{call + "_calls", std::to_string(gather ? kMessages : kMessages * kParts)},
              {"told_messages", std::to_string(kMessages)},
              {"told_packets", packets}};
  if (gather) facts.push_back({"writev_parts", std::to_string(kMessages * kParts)});
  if (gather || nodelay) facts.push_back({call + "_packets", packets});  // every packet leaves inside a call
  tell(facts);
}
