// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/stream/replay.hpp"

#include <variant>

namespace wp::stream {

Replayed replay(RecordingReader& reader, event::EventSink& sink) {
  Replayed replayed;
  Sorter sorter(sink);
  for (auto item = reader.next(); item.index() != 0; item = reader.next()) {
    if (const auto* block = std::get_if<Block>(&item)) {
      sorter.feed(block->records);
      continue;
    }
    const auto& damage = std::get<Damage>(item);
    sorter.damaged(damage.from_ns, damage.to_ns);
    ++replayed.damages;
    if (replayed.damage.size() < kMaxDamage) replayed.damage.push_back(damage);
  }
  sorter.end();
  replayed.counts = sorter.counts();
  replayed.closed_cleanly = reader.end_counts().has_value();
  return replayed;
}

}  // namespace wp::stream
