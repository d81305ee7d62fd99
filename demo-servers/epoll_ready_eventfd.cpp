// SPDX-License-Identifier: GPL-2.0-or-later
// Pretender: epoll_wait() without a timeout, and yet a busy loop: an event descriptor in the set is always readable,
// and nobody reads it.
//
// Expected path: every wait returns at once with one ready descriptor. No call returns empty and no timeout is 0;
// what gives it away is that nothing is read after most returns, and that it never sleeps.
#include <sys/eventfd.h>

#include "demo-servers/common/scan.hpp"

int main(int argc, char** argv) {
  wp::demo::pretend(argc, argv, [](wp::demo::Connections& connections) {
    wp::demo::Watch watch(connections);
    const int always = eventfd(1, EFD_CLOEXEC);
    if (always < 0) wp::demo::give_up_on_errno("eventfd");
    watch.add(always, EPOLLIN);
    for (;;)
      watch.round(-1, [&](int fd) {
        if (fd != always) connections.serve(fd);
      });
  });
}
