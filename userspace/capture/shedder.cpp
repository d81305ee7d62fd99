// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/capture/shedder.hpp"

#include <algorithm>
#include <cstdint>

namespace wp::capture {

namespace {

constexpr std::uint32_t kSamples[] = {1, 10, 100, 1000};

}  // namespace

Step less_than(Step now) {
  if (now.detail != WP_DETAIL_light) return {static_cast<wp_detail_level>(now.detail + 1), now.sample};
  for (const std::uint32_t sample : kSamples)
    if (sample > now.sample) return {now.detail, sample};
  return now;
}

// A request that is recorded costs so much that recording all the more of them, by the room there is, can't pass the
// budget: the rest of the cost stays as it is.
Step Shedder::more() const {
  const std::uint64_t aim = budget_ppm_ - budget_ppm_ * 3ULL / 100;
  const auto fits =
      static_cast<std::uint32_t>(std::min<std::uint64_t>((now_.sample * most_used_ppm_ + aim - 1) / aim, now_.sample));
  return {now_.detail, std::max(fits, asked_.sample)};
}

bool Shedder::may_watch_calls() const { return now_.detail == WP_DETAIL_light && asked_.detail != WP_DETAIL_light; }

bool Shedder::on(std::uint32_t used_ppm) {
  const Step before = now_;
  const bool samples = now_.sample > asked_.sample;
  if (used_ppm > budget_ppm_) {
    now_ = less_than(now_);
  } else if (used_ppm < (samples ? budget_ppm_ - budget_ppm_ * 15ULL / 100 : budget_ppm_ / 2)) {
    most_used_ppm_ = std::max(most_used_ppm_, used_ppm);
    if (++calm_ < (samples ? kCalmForMore : kCalmForCalls)) return false;
    if (samples)
      now_ = more();
    else if (may_watch_calls())
      now_.detail = WP_DETAIL_path;
  }
  calm_ = 0;
  most_used_ppm_ = 0;
  return now_.detail != before.detail || now_.sample != before.sample;
}

}  // namespace wp::capture
