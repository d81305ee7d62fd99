// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What `wakepath stat` shows of the kernel's histograms.
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "bpf/wire/stat.h"

namespace wp::report {

/// One stage in one interval. Times in ns, each the middle of its bin: off by 1/32 of itself at most.
struct StatRow {
  const char* name = "";
  const char* what = "";
  std::uint64_t count = 0, p50_ns = 0, p90_ns = 0, p99_ns = 0, p999_ns = 0;  ///< 0 where count is 0
  std::uint64_t max_ns = 0;  ///< the largest value of the highest bin that has any
};

struct StatTable {
  std::uint64_t deliveries = 0, reads = 0, untracked = 0, forgotten = 0;
  std::uint64_t lost = 0;  ///< tasks or sockets without room for state, and firings that the kernel left out
  double seconds = 0;
  std::array<StatRow, WP_STAT_count> rows;
};

/// What was counted between two looks; `before` has none of what `now` lacks.
StatTable stat_between(const wp_stat_counts& before, const wp_stat_counts& now);
std::string stat_text(const StatTable& table);
nlohmann::json stat_json(const StatTable& table);

}  // namespace wp::report
