// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// A recording, from its file to events in order.
#include <cstdint>
#include <vector>

#include "userspace/stream/recording_reader.hpp"
#include "userspace/stream/sorter.hpp"

namespace wp::stream {

struct Replayed {
  SorterCounts counts;
  std::vector<Damage> damage;   ///< the first of each kind of trouble matter; no more than kMaxDamage are kept
  std::uint64_t damages = 0;    ///< all of them
  bool closed_cleanly = false;  ///< the end block is there
};
inline constexpr std::size_t kMaxDamage = 100;

/// Reads to the end, passes every event to `sink` and ends it.
Replayed replay(RecordingReader& reader, event::EventSink& sink);

}  // namespace wp::stream
