// SPDX-License-Identifier: GPL-2.0-or-later
// An echo server over a Unix stream socket: both ends on one machine, no network under it. Waits in epoll_wait().
//
// Expected path: there is no interrupt, no driver and no protocol: the client's own send() puts the data on the
// server's queue and wakes it, so `queued` and `waking` happen in the client's context, and the client is the waker
// by name. The entry on the wait queue is epoll's as ever.
#include "demo-servers/common/epoll_loop.hpp"

int main(int argc, char** argv) {
  using namespace wp::demo;
  signal(SIGPIPE, SIG_IGN);
  const Options options = parse_options(argc, argv);
  ReadLog log(options.truth, options.truth_records);
  end_on_signal(log, options.max_seconds);
  const Address address = unix_address("wakepath-echo-" + std::to_string(getpid()));
  EpollLoop loop(options, log);
  loop.listen_at(listening_socket(address, SOCK_NONBLOCK), EPOLLIN);
  announce(address);
  for (;;) loop.serve_one_round();
}
