// SPDX-License-Identifier: GPL-2.0-or-later
// The client of the attribution test: usage client ADDRESS PORT LOG REQUESTS SEED. Four threads, each with short
// connections of one to four requests, from few source ports, half of them closed by a reset, so that ports and the
// server's sockets come again at once. Every request has an id of its own; every answer is checked.
#include <arpa/inet.h>
#include <netinet/tcp.h>

#include <random>
#include <thread>
#include <vector>

#include "tests/attribution/common.hpp"

namespace {

using namespace wp::attribution;
using Log = SharedLog<wp::truth::ClientRequest>;

constexpr unsigned kThreads = 4, kPortsEach = 16, kFirstPort = 20'000;

struct Server {
  sockaddr_in address{};
};

// From a port of our own choice where it is free: what the last connection had, if that was reset.
int connect_from(const Server& server, unsigned port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const timeval patience{10, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_port = htons(static_cast<std::uint16_t>(port));
  [[maybe_unused]] const int bound = bind(fd, reinterpret_cast<sockaddr*>(&own), sizeof own);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&server.address), sizeof server.address) == 0) return fd;
  close(fd);
  return -1;
}

bool ask(int fd, std::uint64_t id, std::uint64_t number, const Log& log) {
  const Request request{id};
  const std::uint64_t before_ns = now_ns();
  if (send(fd, &request, sizeof request, MSG_NOSIGNAL) != sizeof request) return false;
  const std::uint64_t after_ns = now_ns();
  Answer answer{};
  if (recv(fd, &answer, sizeof answer, MSG_WAITALL) != sizeof answer || answer.id != id) give_up("a wrong answer");
  log.add({answer.cookie, number, number * sizeof(Request), before_ns, after_ns, now_ns(), sizeof(Request), 0});
  return true;
}

void run(const Server& server, const Log& log, std::uint64_t requests, unsigned thread, std::uint64_t seed) {
  std::mt19937_64 random(seed * kThreads + thread);
  const linger reset{1, 0};
  std::uint64_t failures = 0;
  for (std::uint64_t done = 0; done < requests;) {
    const int fd =
        connect_from(server, kFirstPort + thread * kPortsEach + static_cast<unsigned>(random() % kPortsEach));
    if (fd < 0) {
      if (++failures > 100'000) give_up("connect");
      usleep(100);
      continue;
    }
    const std::uint64_t wanted = std::min<std::uint64_t>(1 + random() % 4, requests - done);
    for (std::uint64_t i = 0; i < wanted; ++i)
      if (!ask(fd, std::uint64_t{thread} << 56U | done++, i, log)) give_up("send");
    if (random() % 8 != 0) setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  Server server;
  server.address.sin_family = AF_INET;
  server.address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[2])));
  if (inet_pton(AF_INET, argv[1], &server.address.sin_addr) != 1) return 2;
  const std::uint64_t requests = std::strtoull(argv[4], nullptr, 10), seed = std::strtoull(argv[5], nullptr, 10);
  const Log log = Log::create(argv[3], requests);
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kThreads; ++i)
    threads.emplace_back([&, i] { run(server, log, requests / kThreads, i, seed); });
  for (auto& thread : threads) thread.join();
  log.finish();
  return 0;
}
