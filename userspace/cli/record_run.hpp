// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// One recording from start to end.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/result.hpp"
#include "userspace/capture/probes.hpp"
#include "userspace/capture/target.hpp"

namespace wp::cli {

struct RecordOptions {
  capture::Target target;
  std::string output = "wakepath.wkp";
  bool replace = false;
  std::uint64_t duration_ns = 0;  ///< 0: until interrupted, or until the target has ended
  std::size_t ring_bytes = 0;     ///< per CPU
  std::vector<std::string> without;
  bool empty = false;  ///< attach programs that do nothing, to measure what that costs
  wp_canary canary = WP_CANARY_OFF;
  std::uint32_t target_room = 0;
  wp_detail_level detail = WP_DETAIL_path;
  std::uint32_t sample = 1;       ///< record one request of so many
  std::uint32_t max_cpu_ppm = 0;  ///< of all CPUs' time, for the recorder and its programs; 0: no limit
  std::optional<std::uint64_t> max_loss;
  int ready_fd = -1;
  bool quiet = false;
};

/// The exit status: of the command started, or as ExitCode has it.
Result<int> record(const RecordOptions& options);

}  // namespace wp::cli
