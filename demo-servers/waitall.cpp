// SPDX-License-Identifier: GPL-2.0-or-later
// recv() with MSG_WAITALL returns when all that was asked for is there; without it, with the first part.
//
// Expected path: a message comes in four parts. The one recv() is woken by each of them, and stays asleep but for the
// last: four deliveries, one read. They are four paths that end in the same read.
#include "demo-servers/common/mechanism.hpp"

namespace {

using namespace wp::demo;

constexpr unsigned kRounds = 50, kParts = 4;
constexpr std::size_t kPart = 16;

void send_rounds(int fd) {
  const std::array<char, kPart> part{};
  char echo = 0;
  for (unsigned i = 0; i < kRounds; ++i) {
    for (unsigned p = 0; p < kParts; ++p) {
      send_whole(fd, part.data(), part.size());
      usleep(300);
    }
    if (!read_whole(fd, &echo, 1)) _exit(1);
  }
}

}  // namespace

int main() {
  const auto [sender, fd] = connected_from_child(send_rounds);
  std::array<char, kPart * kParts> message;
  for (unsigned i = 0; i < kRounds; ++i) {
    if (recv(fd, message.data(), message.size(), MSG_WAITALL) != static_cast<ssize_t>(message.size()))
      give_up("MSG_WAITALL returned early");
    send_whole(fd, "1", 1);
  }
  end_with(sender);
  tell({{"recv_MSG_WAITALL", std::to_string(kRounds)}, {"told_parts", std::to_string(kParts)}});
}
