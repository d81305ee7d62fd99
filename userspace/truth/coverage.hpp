// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Which bytes of one stream have been claimed. Paths come nearly in stream order, so the ranges stay few:
// one without loss, one more per hole.
#include <cstdint>
#include <optional>
#include <vector>

namespace wp::truth {

struct Range {
  std::uint64_t begin = 0, end = 0;
  bool operator==(const Range&) const = default;
};

class Coverage {
 public:
  /// Adds a range that is not empty. Returns the smallest range that holds all bytes of it that were there before.
  std::optional<Range> add(Range range);
  [[nodiscard]] bool covers(Range range) const;

 private:
  std::vector<Range> ranges_;  ///< sorted; neither overlapping nor touching
};

}  // namespace wp::truth
