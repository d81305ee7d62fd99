// SPDX-License-Identifier: GPL-2.0-or-later
// Control: one connection at a time, blocking recv() with SO_BUSY_POLL set to --busy-us (50).
//
// Expected path: over a card whose driver has NAPI instances, recv() polls the card itself before it sleeps. Loopback
// has none: there the option has no effect, and the server is an ordinary blocking one, woken by woken_wake_function.
#include "demo-servers/common/echo.hpp"

int main(int argc, char** argv) {
  using namespace wp::demo;
  Arguments arguments(argc, argv);
  const int busy_us = static_cast<int>(arguments.number("--busy-us", 50, 1, 1'000'000));
  const Options options = common_options(arguments);
  ReadLog log(options.truth, options.truth_records);
  end_on_signal(log, options.max_seconds);
  const int listener = listen_on(options, 0);
  const auto receive = [](int fd, void* room, std::size_t bytes) { return recv(fd, room, bytes, 0); };
  const auto answer = [](int fd, const void* bytes, std::size_t size) { return send(fd, bytes, size, MSG_NOSIGNAL); };
  for (;;) {
    const auto session = accept_one(listener, options, 0);
    if (!session) continue;
    if (setsockopt(session->fd(), SOL_SOCKET, SO_BUSY_POLL, &busy_us, sizeof busy_us) != 0)
      std::perror("SO_BUSY_POLL (needs CAP_NET_ADMIN above net.core.busy_read)");
    while (session->read_once(log, receive) && session->echo(answer)) continue;
  }
}
