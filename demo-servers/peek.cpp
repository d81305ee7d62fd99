// SPDX-License-Identifier: GPL-2.0-or-later
// Looking into the receive buffer: MSG_PEEK leaves the data where it is, MSG_DONTWAIT does not wait for any. Together
// they ask whether something has come.
//
// Expected path: the peek is a path that consumes nothing, of the same bytes that the next read takes. The peek before
// the data has come returns EAGAIN and is none.
#include "demo-servers/common/mechanism.hpp"

namespace {

using namespace wp::demo;

constexpr unsigned kRounds = 100;

void send_rounds(int fd) {
  char echo = 0;
  for (unsigned i = 0; i < kRounds; ++i) {
    send_whole(fd, "message", 7);
    if (!read_whole(fd, &echo, 1)) _exit(1);
  }
}

}  // namespace

int main() {
  const auto [sender, fd] = connected_from_child(send_rounds);
  unsigned peeks = 0;
  std::array<char, 16> room;
  for (unsigned i = 0; i < kRounds; ++i) {
    if (recv(fd, room.data(), room.size(), MSG_PEEK | MSG_DONTWAIT) < 0) {  // nothing yet: now wait
      pollfd watched{fd, POLLIN, 0};
      poll(&watched, 1, -1);
      if (recv(fd, room.data(), room.size(), MSG_PEEK | MSG_DONTWAIT) != 7) give_up("the peek found no message");
    }
    ++peeks;
    if (recv(fd, room.data(), room.size(), 0) != 7) give_up("the peek took the message away");
    send_whole(fd, "1", 1);
  }
  end_with(sender);
  tell({{"recv_MSG_PEEK", std::to_string(peeks)}, {"recv_MSG_DONTWAIT", std::to_string(peeks)}});
}
