// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// A small true story: what a client and a server log about one exchange, and the path a faultless recording has.
// Tests change one thing in it and see who notices.
#include <sys/socket.h>

#include "userspace/model/model.hpp"
#include "userspace/truth/files.hpp"

namespace wp::truth {

inline constexpr std::uint16_t kServerPort = 7000, kClientPort = 40001;
inline constexpr std::uint32_t kTid = 321, kBytes = 64;
inline constexpr std::int32_t kFd = 9;
inline constexpr std::uint64_t kBornAfter = 70, kBornBefore = 84;
inline constexpr std::uint64_t kRequestEvery = 1'000'000;

inline std::uint64_t start_of(std::uint64_t k) { return 5'000'000 + k * kRequestEvery; }

inline ClientRequest true_request(std::uint64_t k, std::uint16_t client_port = kClientPort) {
  const std::uint64_t t = start_of(k);
  return {connection_key(AF_INET, kServerPort, client_port), k, k * kBytes, t, t + 9'000, t + 60'000, kBytes, 0};
}

inline ServerRead true_read(std::uint64_t k, std::uint16_t client_port = kClientPort) {
  const std::uint64_t t = start_of(k);
  return {t + 20'000, t + 30'000, connection_key(AF_INET, kServerPort, client_port), k * kBytes, kBytes, kTid, kFd, 0,
          kBornAfter, kBornBefore};
}

/// Complete: over loopback, the server slept in epoll_wait().
inline model::Path true_path(std::uint64_t k, std::uint16_t client_port = kClientPort) {
  using model::Stage;
  model::Path path;
  path.id = k + 1;
  path.task.id = {kTid, (kBornAfter + kBornBefore) / 2};
  path.socket.family = AF_INET;
  path.socket.known = true;
  path.socket.local_port = kServerPort;
  path.socket.peer_port = client_port;
  path.begin = k * kBytes;
  path.end = path.begin + kBytes;
  path.bytes = kBytes;
  path.fd = kFd;
  path.arrival.driver_hook = "netif_rx";
  for (const Stage stage : {Stage::kHw, Stage::kIrq}) path.at(stage).seen = model::Seen::kNotApplicable;
  std::uint64_t offset = 1'000;  // after the send; read at 21 us, done at 23 us, reply at 41 us
  for (const Stage stage : model::stage_order(path)) {
    if (path.at(stage).seen == model::Seen::kNotApplicable) continue;
    if (stage == Stage::kRead) offset = 21'000;
    if (stage == Stage::kReply) offset = 41'000;
    path.at(stage) = {model::Seen::kObserved, model::Reason::kNone, start_of(k) + offset, 0};
    offset += 1'000;
  }
  return path;
}

}  // namespace wp::truth
