// SPDX-License-Identifier: GPL-2.0-or-later
// send() with MSG_DONTROUTE: only to who is on a directly connected network. To the loopback it goes as ever; beyond a
// gateway it would fail with ENETUNREACH.
//
// Expected path: as without the flag. The flag is in the report, by its name.
#include "demo-servers/common/mechanism.hpp"

namespace {

using namespace wp::demo;

constexpr unsigned kRounds = 100;

void receive_rounds(int fd) {
  char byte = 0;
  for (unsigned i = 0; i < kRounds; ++i) {
    if (!read_whole(fd, &byte, 1)) _exit(1);
    send_whole(fd, "1", 1);
  }
}

}  // namespace

int main() {
  const auto [receiver, fd] = connected_to_child(receive_rounds);
  send_at_once(fd);
  char echo = 0;
  for (unsigned i = 0; i < kRounds; ++i) {
    send_whole(fd, "m", 1, MSG_DONTROUTE);
    if (!read_whole(fd, &echo, 1)) give_up("no answer");
  }
  end_with(receiver);
  tell({{"send_MSG_DONTROUTE", std::to_string(kRounds)}});
}
