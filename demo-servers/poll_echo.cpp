// SPDX-License-Identifier: GPL-2.0-or-later
// An echo server that waits in poll(), many connections in one thread; reads with recvfrom(), answers with sendto().
//
// Expected path: the same as select's, for the kernel uses the same `pollwake` entries on the wait queue of every
// watched socket, put there by each call and taken off by its return; only the waiting call tells the two apart.
// What arrives while the server works finds nobody waiting.
#include <poll.h>

#include "demo-servers/common/echo.hpp"

namespace {

using namespace wp::demo;

ssize_t by_recvfrom(int fd, void* room, std::size_t bytes) { return recvfrom(fd, room, bytes, 0, nullptr, nullptr); }
ssize_t by_sendto(int fd, const void* data, std::size_t bytes) {
  return sendto(fd, data, bytes, MSG_NOSIGNAL, nullptr, 0);
}

class Server {
 public:
  Server(const Options& options, ReadLog& log) : options_(options), log_(log) {
    watched_.push_back({listen_on(options, SOCK_NONBLOCK), POLLIN, 0});
  }

  void serve_one_round() {
    const int ready = poll(watched_.data(), watched_.size(), -1);
    if (ready < 0 && errno != EINTR) give_up_on_errno("poll");
    if (ready <= 0) return;
    for (std::size_t i = watched_.size() - 1; i > 0; --i) {  // backwards: a dropped one's place goes to the last
      if (watched_[i].revents == 0) continue;
      Session& session = *sessions_.at(watched_[i].fd);
      if (session.serve(log_, by_recvfrom, by_sendto)) {
        watched_[i].events = session.has_to_send() ? POLLOUT : POLLIN;
      } else {
        sessions_.drop(watched_[i].fd);
        watched_[i] = watched_.back();
        watched_.pop_back();
      }
    }
    if (watched_[0].revents == 0) return;
    sessions_.accept_all(watched_[0].fd, options_, [this](Session& session) {
      watched_.push_back({session.fd(), POLLIN, 0});
    });
  }

 private:
  const Options& options_;
  ReadLog& log_;
  std::vector<pollfd> watched_;  ///< the listener first
  Sessions sessions_;
};

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse_options(argc, argv);
  ReadLog log(options.truth, options.truth_records);
  end_on_signal(log, options.max_seconds);
  allow_many_descriptors();
  Server server(options, log);
  for (;;) server.serve_one_round();
}
