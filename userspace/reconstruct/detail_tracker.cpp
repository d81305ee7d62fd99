// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/reconstruct/detail_tracker.hpp"

#include <algorithm>

namespace wp::reconstruct {

namespace {

const char* why_name(std::uint32_t why) {
  switch (why) {
#define WP_ROW(number, name, doc) \
  case number: return #name;
    WP_DETAIL_WHYS(WP_ROW)
#undef WP_ROW
    default: return "unknown";
  }
}

model::Detail detail_of(std::uint32_t value) {
  return value <= WP_DETAIL_light ? static_cast<model::Detail>(value) : model::Detail::kLight;
}

}  // namespace

bool DetailTracker::on(const wp_detail& r) {
  if (changes_.size() >= kChangesKept) changes_.erase(changes_.begin() + 1);
  changes_.push_back({r.begin_ns, r.h.ts_ns, detail_of(r.from), detail_of(r.to), std::max<std::uint32_t>(r.sample, 1),
                      why_name(r.why), r.used_ppm, r.budget_ppm});
  return changes_.size() > 1;
}

bool DetailTracker::changed_within(std::uint64_t from_ns, std::uint64_t to_ns) const {
  if (changes_.size() < 2) return false;
  return std::any_of(changes_.rbegin(), changes_.rend() - 1, [=](const model::DetailChange& change) {
    return change.begin_ns <= to_ns && change.at_ns >= from_ns;
  });
}

}  // namespace wp::reconstruct
