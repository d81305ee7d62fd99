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

class Server {
 public:
  Server(const Options& options, ReadLog& log) : options_(options), log_(log) {
    watched_.push_back({listen_on(options, SOCK_NONBLOCK), POLLIN, 0});
    sessions_.push_back(nullptr);  // the listener's place
  }

  void serve_one_round() {
    const int ready = poll(watched_.data(), watched_.size(), -1);
    if (ready < 0 && errno != EINTR) give_up_on_errno("poll");
    if (ready <= 0) return;
    for (std::size_t i = watched_.size() - 1; i > 0; --i) {  // backwards: drop(i) moves the last one here
      if (watched_[i].revents == 0) continue;
      if (serve(*sessions_[i])) {
        watched_[i].events = sessions_[i]->has_to_send() ? POLLOUT : POLLIN;
      } else {
        drop(i);
      }
    }
    if (watched_[0].revents != 0) accept_all();
  }

 private:
  bool serve(Session& session) {
    const auto receive = [](int fd, void* room, std::size_t bytes) {
      return recvfrom(fd, room, bytes, 0, nullptr, nullptr);
    };
    const auto answer = [](int fd, const void* bytes, std::size_t size) {
      return sendto(fd, bytes, size, MSG_NOSIGNAL, nullptr, 0);
    };
    if (session.has_to_send()) return session.echo(answer);
    return session.read_once(log_, receive) && session.echo(answer);
  }

  void drop(std::size_t i) {
    watched_[i] = watched_.back();
    watched_.pop_back();
    std::swap(sessions_[i], sessions_.back());
    sessions_.pop_back();
  }

  void accept_all() {
    while (auto session = accept_one(watched_[0].fd, options_, SOCK_NONBLOCK)) {
      watched_.push_back({session->fd(), POLLIN, 0});
      sessions_.push_back(std::move(session));
    }
  }

  const Options& options_;
  ReadLog& log_;
  std::vector<pollfd> watched_;
  std::vector<std::unique_ptr<Session>> sessions_;  ///< beside watched_
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
