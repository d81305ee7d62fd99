// SPDX-License-Identifier: GPL-2.0-or-later
// A client whose input and output are two processes: the child sends, the parent receives, on one and the same socket.
// The sender need not wait for the echo of what it sent before.
//
// Expected path: two processes hold the connection after the fork. The child's end closes its descriptor, and no FIN
// leaves for it: the parent still holds the other. It is shutdown() that ends the sending side for both.
#include "demo-servers/common/mechanism.hpp"

namespace {

using namespace wp::demo;

constexpr unsigned kMessages = 100;
constexpr std::size_t kBytes = 64;

void echo_to_the_end(int fd) {
  std::array<char, 4096> room;
  for (ssize_t got = 0; (got = read(fd, room.data(), room.size())) > 0;)
    send_whole(fd, room.data(), static_cast<std::size_t>(got));
}

[[noreturn]] void send_all(int fd) {
  std::array<char, kBytes> message{};
  for (unsigned i = 0; i < kMessages; ++i) {
    send_whole(fd, message.data(), message.size());
    usleep(100);
  }
  shutdown(fd, SHUT_WR);
  _exit(0);
}

}  // namespace

int main() {
  const auto [server, fd] = connected_to_child(echo_to_the_end);
  send_at_once(fd);
  const pid_t sender = fork_child();
  if (sender == 0) send_all(fd);
  std::array<char, kBytes * kMessages> echoes;
  if (!read_whole(fd, echoes.data(), echoes.size())) give_up("the echo ended early");
  end_with(sender);
  close(fd);
  end_with(server);
  tell({{"processes_forked", "2"}, {"processes_left", "0"}, {"told_messages", std::to_string(kMessages)}});
}
