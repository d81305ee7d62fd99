// SPDX-License-Identifier: GPL-2.0-or-later
// Control: a correct epoll server with a second thread that computes all the time. The process needs a whole CPU and
// does not poll.
//
// Expected path: that of the epoll server. The busy thread touches no socket.
#include "demo-servers/common/scan.hpp"

int main(int argc, char** argv) {
  wp::demo::pretend(argc, argv, [](wp::demo::Connections& connections) {
    std::thread([] {
      for (volatile std::uint64_t number = 1;;) number = number * 6364136223846793005U + 1442695040888963407U;
    }).detach();
    wp::demo::Watch watch(connections);
    for (;;) watch.round(-1, [&](int fd) { connections.serve(fd); });
  });
}
