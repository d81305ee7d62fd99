// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/capture/shedder.hpp"

#include <algorithm>

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

Step more_than(Step now, Step asked) {
  if (now.sample > asked.sample) {
    std::uint32_t before = asked.sample;
    for (const std::uint32_t sample : kSamples)
      if (sample < now.sample) before = std::max(before, sample);
    return {now.detail, before};
  }
  if (now.detail == WP_DETAIL_light && asked.detail != WP_DETAIL_light) return {WP_DETAIL_path, now.sample};
  return now;
}

bool Shedder::on(std::uint32_t used_ppm) {
  const Step before = now_;
  if (used_ppm > budget_ppm_) {
    calm_ = 0;
    now_ = less_than(now_);
  } else if (used_ppm >= budget_ppm_ / kCalmPart) {
    calm_ = 0;
  } else if (++calm_ >= kCalmIntervals) {
    calm_ = 0;
    now_ = more_than(now_, asked_);
  }
  return now_.detail != before.detail || now_.sample != before.sample;
}

}  // namespace wp::capture
