// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
#include <time.h>

#include <cstdint>

namespace wp {

/// Nanoseconds of a clock of clock_gettime(2); unless told, the one of every event.
inline std::uint64_t clock_ns(clockid_t clock = CLOCK_MONOTONIC) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(t.tv_nsec);
}

}  // namespace wp
