// SPDX-License-Identifier: GPL-2.0-or-later
// Control: after each request it looks again and again for 200 us before it sleeps in epoll_wait(). Some servers do so
// to save the wake when the next request is near.
//
// Expected path: while requests come close together no wake is needed; the first one after a pause wakes it through
// `ep_poll_callback`. Idle, it sleeps: neither a spinner nor purely event-driven.
#include "demo-servers/common/scan.hpp"

int main(int argc, char** argv) {
  wp::demo::pretend(argc, argv, [](wp::demo::Connections& connections) {
    constexpr std::uint64_t kBudgetNs = 200'000;
    wp::demo::Watch watch(connections);
    const auto serve = [&](int fd) { connections.serve(fd); };
    for (;;) {
      watch.round(-1, serve);
      std::uint64_t until = wp::demo::now_ns() + kBudgetNs;
      while (wp::demo::now_ns() < until)
        if (watch.round(0, serve) > 0) until = wp::demo::now_ns() + kBudgetNs;
    }
  });
}
