// SPDX-License-Identifier: GPL-2.0-or-later
// Sockets: flags of send and recv, urgent data, gathered writes and the packets they make, and who holds a socket.
#include <sys/uio.h>

#include "demo-servers/common/trials.hpp"

namespace {

using namespace wp::demo;

/// Of the connection, by the kernel's own count.
unsigned data_packets_out(int fd) {
  constexpr std::size_t kDataSegsOutOffset = 156;  // struct tcp_info: the place is part of the kernel's interface
  std::array<char, 512> info{};
  socklen_t size = info.size();
  unsigned packets = 0;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, info.data(), &size) != 0) give_up_on_errno("TCP_INFO");
  if (size < kDataSegsOutOffset + sizeof packets) give_up("this kernel does not count data segments");
  std::memcpy(&packets, info.data() + kDataSegsOutOffset, sizeof packets);
  return packets;
}

constexpr std::array<std::size_t, 3> kParts{20, 30, 40};
constexpr std::size_t kMessage = 90;

void three_writes(int fd, const char* data) {
  for (const std::size_t part : kParts) {
    if (write(fd, data, part) != static_cast<ssize_t>(part)) give_up_on_errno("write");
    data += part;
  }
}

void one_writev(int fd, char* data) {
  std::array<iovec, kParts.size()> parts{};
  for (std::size_t i = 0; i < kParts.size(); ++i) {
    parts[i] = {data, kParts[i]};
    data += kParts[i];
  }
  if (writev(fd, parts.data(), static_cast<int>(parts.size())) != static_cast<ssize_t>(kMessage))
    give_up_on_errno("writev");
}

/// One connection for all messages of a trial: data packets of the next message, and the CPU time of sending it.
class Messages {
 public:
  explicit Messages(bool nodelay) {
    if (nodelay) send_at_once(connection_.client);
  }
  unsigned packets(bool gather, Counts& counts) {
    const unsigned before = data_packets_out(connection_.client);
    const double from = cpu_now_ns();
    if (gather) {
      one_writev(connection_.client, room_.data());
    } else {
      three_writes(connection_.client, room_.data());
    }
    counts["cpu_ns"] += cpu_now_ns() - from;
    if (!read_whole(connection_.server, room_.data(), kMessage)) give_up("the message did not arrive");
    // With Nagle's algorithm the rest waits for an acknowledgement: all has arrived, so all was sent.
    const unsigned sent = data_packets_out(connection_.client) - before;
    counts["count"] += sent;
    return sent;
  }

 private:
  Connection connection_;
  std::array<char, kMessage> room_{};
};

/// Nagle off, three writes. A hit: three packets.
bool writes_nodelay(Counts& counts) {
  static Messages messages(true);
  return messages.packets(false, counts) == 3;
}
/// Nagle on, three writes. A hit: three packets.
bool writes_nagle(Counts& counts) {
  static Messages messages(false);
  return messages.packets(false, counts) == 3;
}
/// One writev, Nagle off. A hit: one packet.
bool writev_nodelay(Counts& counts) {
  static Messages messages(true);
  return messages.packets(true, counts) == 1;
}
/// One writev, Nagle on. A hit: one packet.
bool writev_nagle(Counts& counts) {
  static Messages messages(false);
  return messages.packets(true, counts) == 1;
}

/// MSG_PEEK and MSG_DONTWAIT in one call do what each does: look without taking, and return without waiting.
bool flags_together(Counts&) {
  const Connection c;
  char got = 0;
  const bool empty = recv(c.server, &got, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
  send_whole(c.client, "x", 1);
  await_data(c.server);
  const bool peeked = recv(c.server, &got, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
  return empty && peeked && recv(c.server, &got, 1, MSG_DONTWAIT) == 1;
}

/// "XYZ" sent urgent, then "def": X and Y come in the stream before "def", and Z alone is urgent.
bool urgent_in_stream(Counts& counts) {
  const Connection c;
  send_whole(c.client, "abc", 3);
  send_whole(c.client, "XYZ", 3, MSG_OOB);
  send_whole(c.client, "def", 3);
  await_data(c.server, POLLPRI);
  usleep(1000);
  char urgent = 0;
  std::string stream;
  std::array<char, 16> room{};
  const bool took = recv(c.server, &urgent, 1, MSG_OOB) == 1;
  while (stream.size() < 8 && await_data(c.server)) {
    const ssize_t n = recv(c.server, room.data(), room.size(), 0);
    if (n <= 0) break;
    stream.append(room.data(), static_cast<std::size_t>(n));
  }
  counts["count"] += 1;  // bytes of the urgent message that did not come in the stream: Z
  return took && urgent == 'Z' && stream == "abcXYdef";
}

/// The same with SO_OOBINLINE: the urgent byte is read in its place in the stream, between its neighbours.
bool urgent_has_its_place(Counts&) {
  const Connection c;
  const int on = 1;
  setsockopt(c.server, SOL_SOCKET, SO_OOBINLINE, &on, sizeof on);
  send_whole(c.client, "abc", 3);
  send_whole(c.client, "Z", 1, MSG_OOB);
  send_whole(c.client, "def", 3);
  std::array<char, 7> room{};
  return read_whole(c.server, room.data(), room.size()) && std::string(room.data(), room.size()) == "abcZdef";
}

/// An urgent byte is told as exception, and what else was sent stays readable.
bool urgent_is_an_exception(Counts&) {
  const Connection c;
  send_whole(c.client, "a", 1);
  send_whole(c.client, "u", 1, MSG_OOB);
  await_data(c.server, POLLPRI);
  pollfd both{c.server, POLLIN | POLLPRI, 0};
  char got = 0;
  return poll(&both, 1, 1000) == 1 && both.revents == (POLLIN | POLLPRI) && recv(c.server, &got, 1, 0) == 1 &&
         got == 'a';
}

/// Peeked at twice, and read: the same byte, and nothing after it.
bool peek_keeps(Counts&) {
  const Connection c;
  send_whole(c.client, "k", 1);
  await_data(c.server);
  std::array<char, 3> got{};
  const bool all = recv(c.server, &got[0], 1, MSG_PEEK) == 1 && recv(c.server, &got[1], 1, MSG_PEEK) == 1 &&
                   recv(c.server, &got[2], 1, 0) == 1;
  char more = 0;
  return all && got[0] == 'k' && got[1] == 'k' && got[2] == 'k' && recv(c.server, &more, 1, MSG_DONTWAIT) < 0;
}

/// Nothing there: EAGAIN, and the thread did not sleep.
bool dontwait_returns(Counts&) {
  const Connection c;
  char got = 0;
  const long before = sleeps_so_far();
  return recv(c.server, &got, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN && sleeps_so_far() == before;
}

/// Four pieces from another process, 1 ms apart; then the connection ends. How many bytes one recv of eight got.
ssize_t waitall_gets(std::size_t pieces) {
  Connection c;
  const pid_t sender = in_child([&] {
    close(c.server);
    for (std::size_t i = 0; i < pieces; ++i) {
      usleep(1000);
      send_whole(c.client, "ab", 2);
    }
    return 0;
  });
  close(c.client);
  c.client = -1;
  std::array<char, 8> room{};
  const ssize_t got = recv(c.server, room.data(), room.size(), MSG_WAITALL);
  status_of_child(sender);
  return got;
}
/// All eight come in pieces, and one recv returns all.
bool waitall_waits(Counts&) { return waitall_gets(4) == 8; }
/// The peer leaves after four: the same recv returns four.
bool waitall_cut_short(Counts&) { return waitall_gets(2) == 4; }

/// Sent on a connection that nobody has accepted: there is no descriptor of it in any table. A hit: the kernel
/// acknowledged the bytes all the same, and they are there when it is accepted.
bool data_without_descriptor(Counts&) {
  const int listener = loopback_listener();
  const int client = connect_to(listener);
  send_whole(client, "early", 5);
  constexpr std::size_t kUnackedOffset = 24;  // struct tcp_info
  std::array<char, 256> info{};
  unsigned unacked = 1;
  for (int i = 0; i < 1000 && unacked > 0; ++i) {
    socklen_t size = info.size();
    if (getsockopt(client, IPPROTO_TCP, TCP_INFO, info.data(), &size) != 0) give_up_on_errno("TCP_INFO");
    std::memcpy(&unacked, info.data() + kUnackedOffset, sizeof unacked);
    if (unacked > 0) usleep(100);
  }
  const int server = accept_at(listener);
  std::array<char, 8> room{};
  const bool there = recv(server, room.data(), room.size(), MSG_DONTWAIT) == 5;
  for (const int fd : {server, client, listener}) close(fd);
  return unacked == 0 && there;
}

/// The parent closes its copy while the child holds the socket: the peer hears nothing of it until the child ends.
bool end_with_last_holder(Counts&) {
  Connection c;
  std::array<int, 2> go{};
  if (pipe(go.data()) != 0) give_up_on_errno("pipe");
  const pid_t holder = in_child([&]() -> int {
    char byte = 0;
    close(go[1]);
    return read(go[0], &byte, 1) == 1 ? 0 : 1;
  });
  close(c.server);
  c.server = -1;
  pollfd peer{c.client, POLLIN, 0};
  const bool silent = poll(&peer, 1, 3) == 0;
  if (write(go[1], "g", 1) != 1) give_up_on_errno("write");
  status_of_child(holder);
  char got = 0;
  const bool ended = await_data(c.client) && recv(c.client, &got, 1, 0) == 0;
  close(go[0]);
  close(go[1]);
  return silent && ended;
}

/// Five messages by one process, none of whose echoes has been sent. A hit: all arrived.
bool sends_before_echo(Counts&) {
  const Connection c;
  for (int i = 0; i < 5; ++i) send_whole(c.client, "m", 1);
  std::array<char, 5> room{};
  return read_whole(c.server, room.data(), room.size());
}

constexpr Trial kTrials[] = {
    {"writes-nodelay", writes_nodelay},
    {"writes-nagle", writes_nagle},
    {"writev-nodelay", writev_nodelay},
    {"writev-nagle", writev_nagle},
    {"flags-together", flags_together},
    {"urgent-in-stream", urgent_in_stream},
    {"urgent-has-its-place", urgent_has_its_place},
    {"urgent-is-an-exception", urgent_is_an_exception},
    {"peek-keeps", peek_keeps},
    {"dontwait-returns", dontwait_returns},
    {"waitall-waits", waitall_waits},
    {"waitall-cut-short", waitall_cut_short},
    {"data-without-descriptor", data_without_descriptor},
    {"end-with-last-holder", end_with_last_holder},
    {"sends-before-echo", sends_before_echo},
};

}  // namespace

int main(int argc, char** argv) { return run_trials(kTrials, argc, argv); }
