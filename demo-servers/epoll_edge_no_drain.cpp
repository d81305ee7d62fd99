// SPDX-License-Identifier: GPL-2.0-or-later
// Control: edge-triggered epoll, and one receive of one message for each edge. A second message that came with the
// first stays unread: no further edge announces it.
//
// Expected path: with one request under way at a time, that of an event-driven server. When two come together the
// server sleeps, its socket holds data, and no wake is pending: it stalls, and looks perfectly idle.
#include "demo-servers/common/scan.hpp"

int main(int argc, char** argv) {
  wp::demo::pretend(argc, argv, [](wp::demo::Connections& connections) {
    constexpr std::size_t kOneMessage = 64;
    wp::demo::Watch watch(connections);
    for (;;)
      watch.round(
          -1, [&](int fd) { connections.serve(fd, kOneMessage); }, EPOLLIN | EPOLLET);
  });
}
