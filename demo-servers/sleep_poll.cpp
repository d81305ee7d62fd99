// SPDX-License-Identifier: GPL-2.0-or-later
// Pretender: it sleeps a millisecond, tries every socket, and sleeps again.
//
// Expected path: deliveries find nobody on the wait queue; the server is asleep in clock_nanosleep() and its timer
// wakes it, not the data. It needs hardly any CPU, so a tool that looks at CPU time sees nothing wrong, and every
// request waits half a period.
#include "demo-servers/common/scan.hpp"

int main(int argc, char** argv) {
  wp::demo::pretend(argc, argv, [](wp::demo::Connections& connections) {
    const timespec period{0, 1'000'000};
    for (;;) {
      nanosleep(&period, nullptr);
      connections.scan();
    }
  });
}
