// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Whom to watch.
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "userspace/base/result.hpp"

namespace wp::capture {

struct Target {
  std::vector<pid_t> pids;           ///< -p: these processes, their threads and all their descendants
  std::string comm;                  ///< -c: every process of that name, now and later
  std::uint16_t port = 0;            ///< --port: sockets of this local port and who holds them
  std::string cgroup;                ///< --cgroup: a directory of the cgroup file system
  bool everything = false;           ///< -a
  std::vector<std::string> command;  ///< -- CMD: a command we start

  /// "pid 4242", "port 6379", ...: for headings.
  [[nodiscard]] std::string describe() const;
  /// Exactly one way to choose, and a sensible one; else what to say.
  [[nodiscard]] Result<void> check() const;
};

/// Processes meant at this moment, or why there are none.
Result<std::vector<pid_t>> resolve(const Target& target);
/// The cgroup's id, as the kernel has it.
Result<std::uint64_t> cgroup_id(const std::string& path);

}  // namespace wp::capture
