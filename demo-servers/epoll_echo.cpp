// SPDX-License-Identifier: GPL-2.0-or-later
// An echo server that waits in epoll_wait(), level-triggered, many connections in one thread; read() and write().
//
// Expected path: EPOLL_CTL_ADD puts one `ep_poll_callback` entry on each socket's wait queue and leaves it there, so
// every delivery finds it, whether the server sleeps or works; the server itself sleeps on the epoll instance's own
// queue. Asleep: waking, running, the return of epoll_wait(), read(). At work: no wake, the socket joins the
// ready list and the next epoll_wait() returns at once.
// With --busy-us N epoll_wait() polls the card itself for that long, and prefers that to interrupts (Linux 6.9).
#include "demo-servers/common/epoll_loop.hpp"

int main(int argc, char** argv) {
  using namespace wp::demo;
  signal(SIGPIPE, SIG_IGN);  // write() has no MSG_NOSIGNAL
  Arguments arguments(argc, argv);
  const auto busy_us = static_cast<std::uint32_t>(arguments.number("--busy-us", 0, 0, 1'000'000));
  const Options options = common_options(arguments);
  ReadLog log(options.truth, options.truth_records);
  end_on_signal(log, options.max_seconds);
  allow_many_descriptors();
  EpollLoop loop(options, log);
  if (busy_us != 0) loop.poll_cards(busy_us);
  loop.listen_at(listen_on(options, SOCK_NONBLOCK), EPOLLIN);
  for (;;) loop.serve_one_round();
}
