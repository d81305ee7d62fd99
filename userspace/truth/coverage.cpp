// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/truth/coverage.hpp"

#include <algorithm>

namespace wp::truth {

std::optional<Range> Coverage::add(Range range) {
  const auto first = std::lower_bound(ranges_.begin(), ranges_.end(), range.begin,
                                      [](const Range& r, std::uint64_t begin) { return r.end < begin; });
  std::optional<Range> twice;
  Range merged = range;
  auto last = first;
  for (; last != ranges_.end() && last->begin <= range.end; ++last) {
    const Range common{std::max(last->begin, range.begin), std::min(last->end, range.end)};
    if (common.begin < common.end) twice = Range{twice ? twice->begin : common.begin, common.end};
    merged = {std::min(merged.begin, last->begin), std::max(merged.end, last->end)};
  }
  if (first == last) {
    ranges_.insert(first, merged);
  } else {
    *first = merged;
    ranges_.erase(first + 1, last);
  }
  return twice;
}

bool Coverage::covers(Range range) const {
  const auto holder = std::lower_bound(ranges_.begin(), ranges_.end(), range.end,
                                       [](const Range& r, std::uint64_t end) { return r.end < end; });
  return holder != ranges_.end() && holder->begin <= range.begin;
}

}  // namespace wp::truth
