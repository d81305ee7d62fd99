// SPDX-License-Identifier: GPL-2.0-or-later
// Counts how often addresses of server sockets come again: usage addresses PORT. Recordings hold no such addresses, so
// the kernel is asked directly. Says `ready`; on SIGTERM one line of JSON.
#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "attribution_addresses.skel.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  sigprocmask(SIG_BLOCK, &end, nullptr);

  const std::unique_ptr<attribution_addresses_bpf, decltype(&attribution_addresses_bpf::destroy)> bpf(
      attribution_addresses_bpf::open(nullptr), &attribution_addresses_bpf::destroy);
  if (!bpf) return 1;
  bpf->rodata->port = static_cast<unsigned>(std::atoi(argv[1]));
  if (attribution_addresses_bpf::load(bpf.get()) != 0 || attribution_addresses_bpf::attach(bpf.get()) != 0) return 1;
  std::puts("ready");
  std::fflush(stdout);
  int number = 0;
  sigwait(&end, &number);
  std::printf("{\"connections\": %llu, \"again\": %llu, \"no_room\": %llu}\n", bpf->bss->connections, bpf->bss->again,
              bpf->bss->no_room);
  return 0;
}
