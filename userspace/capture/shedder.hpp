// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What --max-cpu gives up, in which order, and when it takes it back.
#include <cstdint>

#include "bpf/wire/events.h"

namespace wp::capture {

/// A level of detail and of how many requests one is recorded; in the order in which they are given up.
struct Step {
  wp_detail_level detail = WP_DETAIL_path;
  std::uint32_t sample = 1;
};
/// What comes after `now`, less of it; the last gives itself.
Step less_than(Step now);
/// Decides by the share of each second, nothing else: no clock, no kernel.
class Shedder {
 public:
  Shedder(Step asked, std::uint32_t budget_ppm) : asked_(asked), now_(asked), budget_ppm_(budget_ppm) {}
  /// One interval's use. Returns true if the step changed.
  bool on(std::uint32_t used_ppm);
  [[nodiscard]] Step now() const { return now_; }

 private:
  /// Below 85 % of the budget for so many intervals: more of the requests are recorded, as many as it has room for.
  static constexpr unsigned kCalmForMore = 3;
  /// All are recorded, for less than half of the budget, for so many: system calls are watched again. Never the
  /// timeline: its programs would go on from what they noted before.
  static constexpr unsigned kCalmForCalls = 10;

  [[nodiscard]] Step more() const;
  [[nodiscard]] bool may_watch_calls() const;

  Step asked_, now_;
  std::uint32_t budget_ppm_;
  unsigned calm_ = 0;
  std::uint32_t most_used_ppm_ = 0;  ///< in the calm intervals so far
};

}  // namespace wp::capture
