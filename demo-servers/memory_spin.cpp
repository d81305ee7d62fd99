// SPDX-License-Identifier: GPL-2.0-or-later
// Pretender: its thread spins in user space on memory that a helper thread writes, as a server on DPDK spins on its
// ring.
//
// Expected path: the helper sleeps in epoll_wait() and is woken by data as it should; the thread that reads and answers
// makes no system call at all while there is nothing, so a tool that counts calls sees an idle server. It runs all the
// time.
#include "demo-servers/common/helper.hpp"

int main(int argc, char** argv) {
  wp::demo::pretend(argc, argv, [](wp::demo::Connections& connections) {
    wp::demo::serve_from_memory(connections, [] { std::atomic_signal_fence(std::memory_order_seq_cst); });
  });
}
