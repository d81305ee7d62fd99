// SPDX-License-Identifier: GPL-2.0-or-later
// Pretender: an echo server that never waits. It tries accept() and recv() on every socket, again and again.
//
// Expected path: nobody is ever on a socket's wait queue; no wake, no sleep. Almost every receive finds nothing
// (EAGAIN), and one CPU is busy whether or not anybody talks to the server.
#include "demo-servers/common/scan.hpp"

int main(int argc, char** argv) {
  wp::demo::pretend(argc, argv, [](wp::demo::Connections& connections) {
    for (;;) connections.scan();
  });
}
