// SPDX-License-Identifier: GPL-2.0-or-later
// Pretender, in part: a correct epoll server whose epoll_wait() times out every millisecond, for nothing.
//
// Expected path: data wakes it as it should, through `ep_poll_callback`. Between requests it wakes a thousand times
// a second all the same. Its latency is that of the correct server: only its idle wakes tell.
#include "demo-servers/common/scan.hpp"

int main(int argc, char** argv) {
  wp::demo::pretend(argc, argv, [](wp::demo::Connections& connections) {
    wp::demo::Watch watch(connections);
    for (;;) watch.round(1, [&](int fd) { connections.serve(fd); });
  });
}
