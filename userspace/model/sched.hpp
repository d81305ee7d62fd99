// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What the scheduler did, as far as it was recorded, for exports in which its own records are expected.
#include <cstdint>
#include <string>

namespace wp::model {

inline constexpr std::uint32_t kNobodyKnown = ~0U;  ///< a task that the recording does not name

struct SchedEvent {
  enum class Kind : std::uint8_t {
    kSwitch,    ///< on `cpu`, from prev to next
    kWaking,    ///< next is woken on `cpu`, to run on target_cpu, by prev (tid 0: by the idle task, or unknown)
    kIrqEntry,  ///< of line `number`, called next_comm, over task prev
    kIrqExit,
    kSoftirqEntry,  ///< of vector `number`
    kSoftirqExit,
  };
  Kind kind = Kind::kSwitch;
  std::uint64_t ts_ns = 0;  ///< CLOCK_MONOTONIC
  std::uint32_t cpu = 0, target_cpu = 0;
  std::uint32_t prev_tid = 0, next_tid = 0;  ///< 0: idle
  std::uint32_t number = 0;
  std::uint32_t prev_state = 0;      ///< 0: still runnable; known for watched tasks only
  std::string prev_comm, next_comm;  ///< empty: not known; raw kernel bytes
};

}  // namespace wp::model
