// SPDX-License-Identifier: GPL-2.0-or-later
// An echo server that waits in select(), many connections in one thread; reads with recv(), answers with send().
//
// Expected path: select() puts one `pollwake` entry on the wait queue of every watched socket at each call and takes
// all of them off again, so a delivery finds the entry only while the server sleeps; then waking, running, the return
// of select() (pselect6 where the C library uses it), a scan over all descriptors, and recv(). What arrives while
// the server works finds nobody waiting and is read after the next select(), which returns without sleeping.
#include <sys/select.h>

#include <algorithm>

#include "demo-servers/common/echo.hpp"

namespace {

using namespace wp::demo;

class Server {
 public:
  Server(const Options& options, ReadLog& log)
      : options_(options), log_(log), listener_(listen_on(options, SOCK_NONBLOCK)), sessions_(FD_SETSIZE) {}

  void serve_one_round() {
    fd_set readable, writable;
    const int highest = fill(readable, writable);
    const int ready = select(highest + 1, &readable, &writable, nullptr, nullptr);
    if (ready < 0 && errno != EINTR) give_up_on_errno("select");
    if (ready <= 0) return;
    for (int fd = 0; fd <= highest; ++fd) {
      auto& session = sessions_[static_cast<std::size_t>(fd)];
      if (session && (FD_ISSET(fd, &readable) || FD_ISSET(fd, &writable)) && !serve(*session)) session.reset();
    }
    if (FD_ISSET(listener_, &readable)) accept_all();
  }

 private:
  int fill(fd_set& readable, fd_set& writable) const {
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    FD_SET(listener_, &readable);
    int highest = listener_;
    for (const auto& session : sessions_) {
      if (!session) continue;
      FD_SET(session->fd(), session->has_to_send() ? &writable : &readable);
      highest = std::max(highest, session->fd());
    }
    return highest;
  }

  bool serve(Session& session) {
    const auto receive = [](int fd, void* room, std::size_t bytes) { return recv(fd, room, bytes, 0); };
    const auto answer = [](int fd, const void* bytes, std::size_t size) { return send(fd, bytes, size, MSG_NOSIGNAL); };
    if (session.has_to_send()) return session.echo(answer);
    return session.read_once(log_, receive) && session.echo(answer);
  }

  void accept_all() {
    while (auto session = accept_one(listener_, options_, SOCK_NONBLOCK)) {
      const auto slot = static_cast<std::size_t>(session->fd());
      if (slot < sessions_.size()) sessions_[slot] = std::move(session);  // beyond FD_SETSIZE: closed again
    }
  }

  const Options& options_;
  ReadLog& log_;
  int listener_;
  std::vector<std::unique_ptr<Session>> sessions_;  ///< by descriptor
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
