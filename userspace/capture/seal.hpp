// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What the seals of records say (wp_seal, with --canary): whether programs that interrupted each other kept apart.
#include <cstddef>
#include <cstdint>
#include <span>

#include "bpf/wire/shared.h"

namespace wp::capture {

struct SealCounts {
  std::uint64_t records = 0;
  std::uint64_t inside = 0;          ///< begun while another record of the same CPU was not ended
  std::uint64_t torn = 0;            ///< not the bytes the program had written, or no seal
  std::uint64_t foreign_word = 0;    ///< another program wrote the hook's own word
  std::uint64_t foreign_state = 0;   ///< another program than the switch wrote which task runs
  std::uint32_t hook = 0, kind = 0;  ///< of the last broken one

  [[nodiscard]] std::uint64_t broken() const { return torn + foreign_word + foreign_state; }
  SealCounts& operator+=(const SealCounts& other);
};

/// The record without its seal, which is looked at.
std::span<const std::byte> unsealed(std::span<const std::byte> sealed, SealCounts& counts);

}  // namespace wp::capture
