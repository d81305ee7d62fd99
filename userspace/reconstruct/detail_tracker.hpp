// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// At which level of detail a recording was made, and when that changed.
#include <cstdint>
#include <vector>

#include "bpf/wire/events.h"
#include "userspace/model/model.hpp"

namespace wp::reconstruct {

class DetailTracker {
 public:
  /// Returns whether this is a change, and not how the recording began.
  bool on(const wp_detail& r);
  /// Whether the level changed within [from_ns, to_ns]: then something of that time may not have been recorded.
  [[nodiscard]] bool changed_within(std::uint64_t from_ns, std::uint64_t to_ns) const;
  /// At the moment.
  [[nodiscard]] bool is_sampled() const { return !changes_.empty() && changes_.back().sample > 1; }
  [[nodiscard]] const std::vector<model::DetailChange>& all() const { return changes_; }

 private:
  static constexpr std::size_t kChangesKept = 65536;
  std::vector<model::DetailChange> changes_;
};

}  // namespace wp::reconstruct
