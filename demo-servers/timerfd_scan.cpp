// SPDX-License-Identifier: GPL-2.0-or-later
// Pretender: it sleeps in epoll_wait() like a good server, but the set holds only a timer of 200 us. At each tick it
// tries every socket.
//
// Expected path: no socket has anybody on its wait queue; the timer wakes the server, and most receives find nothing.
#include <sys/timerfd.h>

#include "demo-servers/common/scan.hpp"

int main(int argc, char** argv) {
  wp::demo::pretend(argc, argv, [](wp::demo::Connections& connections) {
    const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    const itimerspec often{{0, 200'000}, {0, 200'000}};
    if (timer < 0 || timerfd_settime(timer, 0, &often, nullptr) != 0) wp::demo::give_up_on_errno("timerfd");
    const int epoll = wp::demo::make_epoll();
    wp::demo::set_interest(epoll, EPOLL_CTL_ADD, timer, EPOLLIN);
    for (;;) {
      epoll_event event{};
      std::uint64_t expirations = 0;
      epoll_wait(epoll, &event, 1, -1);
      if (read(timer, &expirations, sizeof expirations) < 0) wp::demo::give_up_on_errno("read of the timer");
      connections.scan();
    }
  });
}
