// SPDX-License-Identifier: GPL-2.0-or-later
// An echo server that waits in select(), many connections in one thread; reads with recv(), answers with send().
// All three sets are used: what can be read, what has room again for an answer that did not fit, and the exceptional,
// which for TCP is urgent data.
//
//   --timeout-ms T   wait at most T ms in each select(); 0, the default: for ever
//
// Expected path: select() puts one `pollwake` entry on the wait queue of every watched socket at each call and takes
// all of them off again, so a delivery finds the entry only while the server sleeps; then waking, running, the return
// of select() (pselect6 where the C library uses it), a scan over all descriptors, and recv(). What arrives while
// the server works finds nobody waiting and is read after the next select(), which returns without sleeping. With a
// timeout the path is the same; while nothing arrives, a timer wakes the server to no use.
#include <sys/select.h>

#include <algorithm>

#include "demo-servers/common/echo.hpp"

namespace {

using namespace wp::demo;

class Server {
 public:
  Server(const Options& options, std::uint64_t timeout_ms, ReadLog& log)
      : options_(options), timeout_ms_(timeout_ms), log_(log), listener_(listen_on(options, SOCK_NONBLOCK)) {}

  void serve_one_round() {
    fd_set readable, writable, exceptional;
    const int highest = fill(readable, writable, exceptional);
    timeval left{static_cast<time_t>(timeout_ms_ / 1000), static_cast<suseconds_t>(timeout_ms_ % 1000 * 1000)};
    const int ready = select(highest + 1, &readable, &writable, &exceptional, timeout_ms_ > 0 ? &left : nullptr);
    if (ready < 0 && errno != EINTR) give_up_on_errno("select");
    if (ready <= 0) return;
    for (int fd = 0; fd <= highest; ++fd) {
      if (fd == listener_ || sessions_.at(fd) == nullptr) continue;
      if (FD_ISSET(fd, &exceptional)) take_urgent(fd);
      if (!FD_ISSET(fd, &readable) && !FD_ISSET(fd, &writable)) continue;
      if (!sessions_.at(fd)->serve(log_, by_recv, by_send)) sessions_.drop(fd);
    }
    if (FD_ISSET(listener_, &readable)) accept_all();
  }

 private:
  int fill(fd_set& readable, fd_set& writable, fd_set& exceptional) const {
    for (fd_set* set : {&readable, &writable, &exceptional}) FD_ZERO(set);
    FD_SET(listener_, &readable);
    int highest = listener_;
    for (int fd = 0; fd < sessions_.end(); ++fd) {
      const Session* session = sessions_.at(fd);
      if (session == nullptr) continue;
      FD_SET(fd, session->has_to_send() ? &writable : &readable);
      FD_SET(fd, &exceptional);
      highest = std::max(highest, fd);
    }
    return highest;
  }

  /// The urgent byte is no part of the stream that is echoed: it is taken out and left.
  static void take_urgent(int fd) {
    char urgent = 0;
    (void)recv(fd, &urgent, 1, MSG_OOB | MSG_DONTWAIT);
  }

  void accept_all() {
    sessions_.accept_all(listener_, options_, [this](Session& session) {
      if (session.fd() >= FD_SETSIZE) sessions_.drop(session.fd());  // select can't watch it
    });
  }

  const Options& options_;
  std::uint64_t timeout_ms_;
  ReadLog& log_;
  int listener_;
  Sessions sessions_;
};

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments(argc, argv);
  const std::uint64_t timeout_ms = arguments.number("--timeout-ms", 0, 0, 60'000);
  const Options options = common_options(arguments);
  ReadLog log(options.truth, options.truth_records);
  end_on_signal(log, options.max_seconds);
  allow_many_descriptors();
  Server server(options, timeout_ms, log);
  for (;;) server.serve_one_round();
}
