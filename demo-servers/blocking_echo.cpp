// SPDX-License-Identifier: GPL-2.0-or-later
// An echo server that waits inside recv(), one connection at a time, in one process.
//
// Expected path: the connection is the only thing this server waits for, so each delivery finds one
// `woken_wake_function` entry on the socket's own wait queue, put there by recv() itself. The wake happens inside
// the read: no waiting call returns between `running` and `copied`, and `read` comes before `queued`. Further
// connections sit in the accept queue until the current one ends; accept() waits as `autoremove_wake_function`.
#include "demo-servers/common/echo.hpp"

int main(int argc, char** argv) {
  using namespace wp::demo;
  const Options options = parse_options(argc, argv);
  ReadLog log(options.truth, options.truth_records);
  end_on_signal(log, options.max_seconds);
  const int listener = listen_on(options, 0);
  for (;;) {
    if (const auto session = accept_one(listener, options, 0)) serve_blocking(*session, log);
  }
}
