// SPDX-License-Identifier: GPL-2.0-or-later
// An echo server that makes a thread for each connection.
//
// Expected path: the main thread sleeps in accept(); each request is read by its connection's own thread, which sleeps
// in recv(): one `woken_wake_function` entry, and the wake goes straight to the thread that reads.
#include <thread>

#include "demo-servers/common/echo.hpp"

int main(int argc, char** argv) {
  using namespace wp::demo;
  const Options options = parse_options(argc, argv);
  ReadLog log(options.truth, options.truth_records);
  end_on_signal(log, options.max_seconds);
  allow_many_descriptors();
  const int listener = listen_on(options, 0);
  for (;;) {
    auto session = accept_one(listener, options, 0);
    if (!session) continue;
    std::thread([&log, mine = std::move(session)] { serve_blocking(*mine, log); }).detach();
  }
}
