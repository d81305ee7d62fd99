// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// A decoded record. The wire structs are the alternatives themselves: there is no second set of
// structs to keep in step, and a kind without a routing line does not compile.
#include <cstdint>
#include <string>
#include <variant>

#include "bpf/wire/events.h"

namespace wp::event {

/// A known gap: records that were made but can't be had, or bytes that can't be decoded.
struct Loss {
  enum class Why {
    kRingFull,
    kDamaged,
    kUndecodable,
    kLate,
    kTail
  };
  std::uint64_t from_ns = 0;  ///< last time before the gap, 0: from the start
  std::uint64_t to_ns = 0;    ///< first time after it
  std::uint32_t cpu = 0;      ///< kAllCpus where it can't be told
  std::uint64_t count = 0;    ///< records; 0: unknown number (damaged bytes)
  Why why = Why::kRingFull;

  static constexpr std::uint32_t kAllCpus = ~0U;
};

#define WP_ALTERNATIVE(number, name, doc) , wp_##name
using Event = std::variant<Loss WP_EVENTS(WP_ALTERNATIVE)>;
#undef WP_ALTERNATIVE

}  // namespace wp::event
