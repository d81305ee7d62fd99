// SPDX-License-Identifier: GPL-2.0-or-later
// Pretender: select() with a timeout of 0 in a loop; what is ready is served.
//
// Expected path: as of poll() with a timeout of 0: nobody on any wait queue, no wake, no sleep, one busy CPU.
#include <sys/select.h>

#include <algorithm>

#include "demo-servers/common/scan.hpp"

int main(int argc, char** argv) {
  wp::demo::pretend(argc, argv, [](wp::demo::Connections& connections) {
    std::vector<int> watched;
    for (;;) {
      fd_set set;
      FD_ZERO(&set);
      FD_SET(connections.listener(), &set);
      int highest = connections.listener();
      for (const int fd : watched) {
        FD_SET(fd, &set);
        highest = std::max(highest, fd);
      }
      timeval none{};
      if (select(highest + 1, &set, nullptr, nullptr, &none) <= 0) continue;
      for (const int fd : watched)
        if (FD_ISSET(fd, &set)) connections.serve(fd);
      std::erase_if(watched, [&](int fd) { return !connections.has(fd); });  // select() refuses a closed one: EBADF
      if (FD_ISSET(connections.listener(), &set))
        connections.accept_all([&](int fd) {
          if (fd < FD_SETSIZE) watched.push_back(fd);
        });
    }
  });
}
