// SPDX-License-Identifier: GPL-2.0-or-later
// An echo server of a few processes made beforehand, that share the work of one port.
//
//   --workers N   how many (4)
//   --share HOW   how they share the connections
//     accept      all sleep in accept() on one listener; whoever gets a connection serves it to its end
//     epoll       each has an epoll loop, with the one listener in it: every new connection wakes all who sleep
//     exclusive   the same with EPOLLEXCLUSIVE: the kernel wakes one
//     reuseport   each has a listener of its own, on the same port (SO_REUSEPORT): the kernel spreads connections
//
// Expected path: of a request as in the blocking server (accept) or the epoll server (the others), with the process
// that serves the connection as the reader. The difference is in who is woken by a new connection: `accept` queues
// its waiters exclusively, so one; `epoll` leaves one lasting entry per process on the listener, and all are woken,
// of whom all but one find nothing (a thundering herd).
#include "demo-servers/common/epoll_loop.hpp"
#include "demo-servers/common/process.hpp"

namespace {

using namespace wp::demo;

enum class Share {
  kAccept,
  kEpoll,
  kExclusive,
  kReuseport
};

Share share_from(const std::string& name) {
  if (name == "accept") return Share::kAccept;
  if (name == "epoll") return Share::kEpoll;
  if (name == "exclusive") return Share::kExclusive;
  if (name != "reuseport") give_up("--share takes accept, epoll, exclusive or reuseport");
  return Share::kReuseport;
}

/// One listener for all, or one each, on the port the first one got.
std::vector<int> listeners_for(std::size_t workers, Share share, const Options& options) {
  const int flags = share == Share::kAccept ? 0 : SOCK_NONBLOCK;
  Address address = address_from(options.bind_to, options.port);
  std::vector<int> listeners;
  for (std::size_t i = 0; i < (share == Share::kReuseport ? workers : 1); ++i) {
    listeners.push_back(listening_socket(address, flags, share == Share::kReuseport));
    address = name_of_socket(listeners.front());
  }
  return listeners;
}

[[noreturn]] void work(int listener, Share share, const Options& options, ReadLog& log) {
  if (share == Share::kAccept) {
    for (;;) {
      if (const auto session = accept_one(listener, options, 0)) serve_blocking(*session, log);
    }
  }
  EpollLoop loop(options, log);
  loop.listen_at(listener, share == Share::kExclusive ? EPOLLIN | EPOLLEXCLUSIVE : EPOLLIN);
  for (;;) loop.serve_one_round();
}

}  // namespace

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  Arguments arguments(argc, argv);
  const std::size_t workers = arguments.number("--workers", 4, 1, 64);
  const Share share = share_from(arguments.text("--share", "accept"));
  const Options options = common_options(arguments);
  ReadLog log(options.truth, options.truth_records);
  end_on_signal(log, options.max_seconds);
  const std::vector<int> listeners = listeners_for(workers, share, options);
  for (std::size_t i = 0; i < workers; ++i) {
    if (fork_child() > 0) continue;
    const std::size_t mine = i % listeners.size();
    for (std::size_t other = 0; other < listeners.size(); ++other) {
      if (other != mine) close(listeners[other]);
    }
    work(listeners[mine], share, options, log);
  }
  const Address address = name_of_socket(listeners.front());
  for (const int listener : listeners) close(listener);
  announce(address);
  for (;;) pause();
}
