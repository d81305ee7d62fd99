// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// The options that name what to watch, the same for every command that records.
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "userspace/base/result.hpp"
#include "userspace/cli/record_run.hpp"

namespace wp::cli {

struct TypedTarget {
  std::vector<pid_t> pids;
  std::string comm, cgroup, duration;
  std::uint16_t port = 0;
  bool everything = false;
  std::vector<std::string> command;

  [[nodiscard]] bool named() const {
    return !pids.empty() || !comm.empty() || !cgroup.empty() || port || everything || !command.empty();
  }
};

/// -p -c --port --cgroup -a -d, and the words after `--` under `command`; `typed` must outlive the parsing.
void add_target_options(CLI::App& sub, TypedTarget& typed);

/// Fills target and duration.
Result<void> apply(const TypedTarget& typed, RecordOptions& options);

}  // namespace wp::cli
