// SPDX-License-Identifier: GPL-2.0-or-later
// Control: a correct epoll server with a timer descriptor of 1 ms in its set, as many runtimes have one.
//
// Expected path: data wakes it through `ep_poll_callback`; so does the timer, a thousand times a second, without any
// socket being touched. It is event-driven; that it never wakes while idle would be wrong to say.
#include <sys/timerfd.h>

#include "demo-servers/common/scan.hpp"

int main(int argc, char** argv) {
  wp::demo::pretend(argc, argv, [](wp::demo::Connections& connections) {
    wp::demo::Watch watch(connections);
    const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    const itimerspec every_ms{{0, 1'000'000}, {0, 1'000'000}};
    if (timer < 0 || timerfd_settime(timer, 0, &every_ms, nullptr) != 0) wp::demo::give_up_on_errno("timerfd");
    watch.add(timer, EPOLLIN);
    for (;;)
      watch.round(-1, [&](int fd) {
        std::uint64_t expirations = 0;
        if (fd != timer)
          connections.serve(fd);
        else if (read(timer, &expirations, sizeof expirations) < 0)
          wp::demo::give_up_on_errno("read of the timer");
      });
  });
}
