// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// How sure a share is that was counted: exact (Clopper-Pearson) bounds, one-sided, 95 % each.
#include <cstdint>

namespace wp::judge {

struct Share {
  std::uint64_t hits = 0, of = 0;

  /// 0 of nothing.
  [[nodiscard]] double value() const { return of ? static_cast<double>(hits) / static_cast<double>(of) : 0; }
  /// The smallest true share that would give this many hits or more with 5 %; 0 of nothing.
  [[nodiscard]] double lower() const;
  /// The largest true share that would give this few hits or fewer with 5 %; 1 of nothing.
  [[nodiscard]] double upper() const;
};

/// How many more trials without a miss it takes until lower() reaches `bound` (0 where it has).
std::uint64_t hits_missing(const Share& share, double bound);

}  // namespace wp::judge
