// SPDX-License-Identifier: GPL-2.0-or-later
// Urgent data: send() with MSG_OOB. TCP has no second channel for it: the byte travels in the stream, and the header
// points at it. The receiver is told in three ways: SIGURG, the exception set of select(), and the urgent mark.
//
// Expected path: the delivery finds select's `pollwake` entry; SIGURG is sent from the same softirq. recv(MSG_OOB)
// takes the byte past the stream; the reads around it stop at the mark and pass over it.
#include <fcntl.h>
#include <sys/select.h>

#include "demo-servers/common/mechanism.hpp"

namespace {

using namespace wp::demo;

constexpr unsigned kRounds = 20;
volatile std::sig_atomic_t urgent_signals = 0;

void send_rounds(int fd) {
  char echo = 0;
  for (unsigned i = 0; i < kRounds; ++i) {
    send_whole(fd, "abc", 3);
    if (!read_whole(fd, &echo, 1)) _exit(1);
    send_whole(fd, "U", 1, MSG_OOB);
    if (!read_whole(fd, &echo, 1)) _exit(1);
    send_whole(fd, "def", 3);
    if (!read_whole(fd, &echo, 1)) _exit(1);
  }
}

struct Seen {
  unsigned exceptional = 0, at_mark = 0;
};

void wait_for(int fd, bool urgent) {
  fd_set set;
  do {
    FD_ZERO(&set);
    FD_SET(fd, &set);
  } while (select(fd + 1, urgent ? nullptr : &set, nullptr, urgent ? &set : nullptr, nullptr) < 0 && errno == EINTR);
}

Seen receive_rounds(int fd) {
  Seen seen;
  std::array<char, 8> room;
  for (unsigned i = 0; i < kRounds; ++i) {
    wait_for(fd, false);
    if (!read_whole(fd, room.data(), 3)) give_up("the stream ended early");
    send_whole(fd, "1", 1);
    wait_for(fd, true);
    ++seen.exceptional;
    seen.at_mark += sockatmark(fd) == 1;
    if (recv(fd, room.data(), 1, MSG_OOB) != 1 || room[0] != 'U') give_up_on_errno("recv MSG_OOB");
    send_whole(fd, "2", 1);
    wait_for(fd, false);
    if (!read_whole(fd, room.data(), 3) || room[0] != 'd') give_up("the urgent byte was read as data");
    send_whole(fd, "3", 1);
  }
  return seen;
}

}  // namespace

int main() {
  struct sigaction action {};
  action.sa_handler = [](int) { urgent_signals = urgent_signals + 1; };
  action.sa_flags = static_cast<int>(SA_RESTART);
  sigaction(SIGURG, &action, nullptr);
  const auto [sender, fd] = connected_from_child(send_rounds);
  if (fcntl(fd, F_SETOWN, getpid()) != 0) give_up_on_errno("F_SETOWN");
  const Seen seen = receive_rounds(fd);
  end_with(sender);
  const std::string rounds = std::to_string(kRounds);
  tell({{"send_MSG_OOB", rounds},
        {"recv_MSG_OOB", std::to_string(seen.exceptional)},
        {"signals_SIGURG_taken", std::to_string(urgent_signals)},
        {"told_at_mark", std::to_string(seen.at_mark)}});
}
