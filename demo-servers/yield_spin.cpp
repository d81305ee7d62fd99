// SPDX-License-Identifier: GPL-2.0-or-later
// Pretender: while there is nothing to do its thread calls sched_yield(), again and again.
//
// Expected path: many switches that look voluntary, but the thread stays runnable (state R) and never sleeps. A helper
// thread waits in epoll_wait() and tells it through memory.
#include <sched.h>

#include "demo-servers/common/helper.hpp"

int main(int argc, char** argv) {
  wp::demo::pretend(argc, argv, [](wp::demo::Connections& connections) {
    wp::demo::serve_from_memory(connections, [] { sched_yield(); });
  });
}
