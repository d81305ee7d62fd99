// SPDX-License-Identifier: GPL-2.0-or-later
// Pretender: an epoll server whose epoll_wait() has a timeout of 0. It uses an event-driven call and polls with it.
//
// Expected path: `ep_poll_callback` stands on every socket's wait queue, and yet never wakes anybody: there is
// nobody asleep. Only that the calls return with nothing, a million times a second, gives it away.
#include "demo-servers/common/scan.hpp"

int main(int argc, char** argv) {
  wp::demo::pretend(argc, argv, [](wp::demo::Connections& connections) {
    wp::demo::Watch watch(connections);
    for (;;) watch.round(0, [&](int fd) { connections.serve(fd); });
  });
}
