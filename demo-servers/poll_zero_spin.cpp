// SPDX-License-Identifier: GPL-2.0-or-later
// Pretender: poll() with a timeout of 0 in a loop; what is ready is served.
//
// Expected path: a poll that may not sleep puts nobody on any wait queue (poll_does_not_wait), so deliveries find it
// empty. No wake, no sleep, one busy CPU.
#include <poll.h>

#include "demo-servers/common/scan.hpp"

int main(int argc, char** argv) {
  wp::demo::pretend(argc, argv, [](wp::demo::Connections& connections) {
    std::vector<pollfd> watched{{connections.listener(), POLLIN, 0}};
    for (;;) {
      if (poll(watched.data(), watched.size(), 0) <= 0) continue;
      for (std::size_t i = watched.size(); i-- > 1;)
        if (watched[i].revents) connections.serve(watched[i].fd);
      std::erase_if(watched,
                    [&](const pollfd& one) { return one.fd != connections.listener() && !connections.has(one.fd); });
      if (watched[0].revents) connections.accept_all([&](int fd) { watched.push_back({fd, POLLIN, 0}); });
    }
  });
}
