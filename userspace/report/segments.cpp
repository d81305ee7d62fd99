// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/segments.hpp"

namespace wp::report {

using model::Seen;
using model::Stage;
using model::StagePoint;

std::optional<Segments> cut(const model::Path& path) {
  if (!model::total_ns(path)) return std::nullopt;
  Segments segments;
  std::uint64_t first_ns = 0;
  std::uint64_t previous_ns = 0;
  bool hides_unknown = false;
  for (const Stage stage : model::stage_order(path)) {
    const StagePoint& point = path.at(stage);
    if (!point.has_time()) {
      hides_unknown = hides_unknown || point.seen == Seen::kUnknown;
    } else {
      if (segments.size() == 0) {
        first_ns = previous_ns = point.ts_ns;
        hides_unknown = false;
      }
      if (point.ts_ns < previous_ns) return std::nullopt;
      segments.push({stage, point.ts_ns - first_ns, point.ts_ns - previous_ns, hides_unknown});
      previous_ns = point.ts_ns;
      hides_unknown = false;
    }
    if (stage == Stage::kDone) break;
  }
  return segments;
}

std::optional<std::uint64_t> between_ns(const model::Path& path, Stage from, Stage to) {
  const StagePoint& a = path.at(from);
  const StagePoint& b = path.at(to);
  if (!a.has_time() || !b.has_time() || b.ts_ns < a.ts_ns) return std::nullopt;
  return b.ts_ns - a.ts_ns;
}

}  // namespace wp::report
