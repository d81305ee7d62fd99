// SPDX-License-Identifier: GPL-2.0-or-later
// Parent and child talk through a pipe. With --two there are two pipes, and every message gets an answer.
//
// Expected path: a pipe is no socket: no packet, no delivery. The reader sleeps in read(), and what wakes it is the
// writer's write(), by name. One pipe serves one direction: parent writes, child reads. With two, each waits for the
// other in turn, so that nearly every read is a sleep and a wake.
#include "demo-servers/common/mechanism.hpp"

namespace {

using namespace wp::demo;

constexpr unsigned kMessages = 200;
using Message = std::array<char, 16>;

/// Reads to the end of the pipe. The number of reads that returned data is the exit's affair: a pipe tells.
unsigned read_to_the_end(int from) {
  unsigned reads = 0;
  std::array<char, 4096> room;
  while (read(from, room.data(), room.size()) > 0) ++reads;
  return reads;
}

struct Pipe {
  std::array<int, 2> ends{};
  Pipe() {
    if (pipe2(ends.data(), O_CLOEXEC) != 0) give_up_on_errno("pipe");
  }
  [[nodiscard]] int read_end() const { return ends[0]; }
  [[nodiscard]] int write_end() const { return ends[1]; }
};

void write_message(int to, char content) {
  Message message;
  message.fill(content);
  if (write(to, message.data(), message.size()) != static_cast<ssize_t>(message.size())) give_up_on_errno("write");
}

/// One way. The child tells how many reads it took through its exit status, 8 bits of it: the parent only checks.
unsigned one_way() {
  const Pipe pipe, count;
  const pid_t child = fork_child();
  if (child == 0) {
    close(pipe.write_end());
    const unsigned reads = read_to_the_end(pipe.read_end());
    _exit(write(count.write_end(), &reads, sizeof reads) == sizeof reads ? 0 : 1);
  }
  close(pipe.read_end());
  close(count.write_end());
  for (unsigned i = 0; i < kMessages; ++i) {
    write_message(pipe.write_end(), 'm');
    usleep(200);
  }
  close(pipe.write_end());
  unsigned reads = 0;
  if (!read_whole(count.read_end(), &reads, sizeof reads)) give_up("the child told nothing");
  end_with(child);
  return reads + 1;  // and the one that told
}

unsigned two_ways() {
  const Pipe there, back;
  const pid_t child = fork_child();
  Message message;
  if (child == 0) {
    close(there.write_end());
    while (read_whole(there.read_end(), message.data(), message.size())) write_message(back.write_end(), 'a');
    _exit(0);
  }
  for (unsigned i = 0; i < kMessages; ++i) {
    write_message(there.write_end(), 'q');
    if (!read_whole(back.read_end(), message.data(), message.size())) give_up("no answer");
  }
  close(there.write_end());
  end_with(child);
  return 2 * kMessages;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments(argc, argv);
  const bool two = arguments.flag("--two");
  arguments.refuse_the_rest();
  wait_until_watched();
  const unsigned reads = two ? two_ways() : one_way();
  tell({{"reads", std::to_string(reads)}, {"processes_forked", "1"}, {"told_messages", std::to_string(kMessages)}});
}
