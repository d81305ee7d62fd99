// SPDX-License-Identifier: GPL-2.0-or-later
// One socket, two descriptors: after fork() parent and child hold the same connection. When does the FIN go out?
//
// Expected: not when the parent closes its descriptor, for the child still holds one: the peer can go on reading what
// the child sends. It goes out when the child closes the last.
#include "demo-servers/common/mechanism.hpp"

namespace {

using namespace wp::demo;

constexpr unsigned kRounds = 20;

/// Reads to the end of each connection: the child's message must come before it.
[[noreturn]] void be_the_peer(int listener) {
  std::array<char, 64> room;
  for (unsigned i = 0; i < kRounds; ++i) {
    const int fd = connect_to(listener);
    std::size_t bytes = 0;
    for (ssize_t got = 0; (got = read(fd, room.data(), room.size())) > 0;) bytes += static_cast<std::size_t>(got);
    if (bytes != 5) _exit(1);
    close(fd);
  }
  _exit(0);
}

/// The child waits until the parent has closed its descriptor, then sends, and closes the last one.
[[noreturn]] void send_after_the_parent(int connection, int told) {
  char byte = 0;
  if (!read_whole(told, &byte, 1)) _exit(1);
  usleep(500);
  send_whole(connection, "still", 5);
  close(connection);
  _exit(0);
}

}  // namespace

int main() {
  wait_until_watched();
  const int listener = loopback_listener();
  const pid_t peer = fork_child();
  if (peer == 0) be_the_peer(listener);
  for (unsigned i = 0; i < kRounds; ++i) {
    const int connection = accept_at(listener);
    std::array<int, 2> pipe;
    if (pipe2(pipe.data(), O_CLOEXEC) != 0) give_up_on_errno("pipe");
    const pid_t child = fork_child();
    if (child == 0) send_after_the_parent(connection, pipe[0]);
    close(connection);
    if (write(pipe[1], "c", 1) != 1) give_up_on_errno("write");
    end_with(child);
    close(pipe[0]);
    close(pipe[1]);
  }
  end_with(peer);
  const std::string rounds = std::to_string(kRounds);
  tell({{"shared_sockets", rounds},
        {"closes_without_fin", rounds},
        {"fins_with_the_last", rounds},
        {"fins_before_the_last", "0"},
        {"processes_forked", std::to_string(kRounds + 1)}});
}
