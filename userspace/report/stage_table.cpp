// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/stage_table.hpp"

#include "userspace/report/segments.hpp"

namespace wp::report {

using model::Reason;
using model::Seen;
using model::Stage;
using model::StagePoint;

namespace {

template <typename T>
std::size_t index(T value) {
  return static_cast<std::size_t>(value);
}

nlohmann::json or_null(std::optional<std::uint64_t> value) {
  return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
}

nlohmann::json reasons_json(const StageCounts& counts) {
  nlohmann::json reasons = nlohmann::json::object();
  for (std::size_t reason = 1; reason < model::kReasonCount; ++reason) {
    std::uint64_t n = 0;
    for (const auto& by_reason : counts.reasons) n += by_reason[reason];
    if (n > 0) reasons[model::reason_name(static_cast<Reason>(reason))] = n;
  }
  return reasons;
}

}  // namespace

void StageTable::add(const model::Path& path) {
  ++paths_;
  if (model::stage_order(path)[2] == Stage::kDriver) ++driver_first_;
  count(path);
  add_segments(path);
  if (const auto own = between_ns(path, Stage::kDone, Stage::kReply)) times_[index(Stage::kReply)].add(*own);
  const Stage before = path.at(Stage::kReply).has_time() ? Stage::kReply : Stage::kDone;
  if (const auto send = between_ns(path, before, Stage::kXmit)) times_[index(Stage::kXmit)].add(*send);
}

void StageTable::count(const model::Path& path) {
  for (std::size_t i = 0; i < model::kStageCount; ++i) {
    const StagePoint& point = path.stages[i];
    StageCounts& counts = counts_[i];
    switch (point.seen) {
      case Seen::kObserved: ++counts.observed; break;
      case Seen::kInferred: ++counts.inferred; break;
      case Seen::kNotNeeded: ++counts.not_needed; break;
      case Seen::kNotApplicable: ++counts.not_applicable; break;
      case Seen::kUnknown: ++counts.unknown; break;
    }
    ++counts.reasons[index(point.seen)][index(point.why)];
  }
}

void StageTable::add_segments(const model::Path& path) {
  const auto segments = cut(path);
  if (!segments) {
    ++untimed_;
    return;
  }
  std::uint64_t unknown_ns = 0;
  bool has_unknown = false;
  for (const Segment& segment : *segments) {
    if (&segment == segments->begin()) {
      ++counts_[index(segment.stage)].first;
    } else if (segment.hides_unknown) {
      unknown_ns += segment.duration_ns;
      has_unknown = true;
    } else {
      times_[index(segment.stage)].add(segment.duration_ns);
    }
  }
  if (has_unknown) unknown_.add(unknown_ns);
  total_.add(segments->total_ns());
}

std::vector<StageTable::Row> StageTable::rows() const {
  model::Path typical;
  if (driver_first_ * 2 > paths_) typical.arrival.driver_hook = "xmit";
  std::vector<Row> rows;
  for (const Stage stage : model::stage_order(typical)) {
    if (stage == Stage::kReply) {
      rows.push_back({"unknown", &unknown_, nullptr});
      rows.push_back({"total", &total_, nullptr});
    }
    rows.push_back({model::stage_name(stage), &times(stage), &counts(stage)});
  }
  return rows;
}

nlohmann::json histogram_json(const Histogram& histogram) {
  return {{"n", histogram.count()},
          {"p50_ns", or_null(histogram.percentile_ns(50))},
          {"p90_ns", or_null(histogram.percentile_ns(90))},
          {"p99_ns", or_null(histogram.percentile_ns(99))},
          {"p999_ns", or_null(histogram.percentile_ns(99.9))},
          {"max_ns", or_null(histogram.max_ns())},
          {"sum_ns", histogram.sum_ns()}};
}

nlohmann::json StageTable::json() const {
  nlohmann::json table = nlohmann::json::object();
  for (const Row& row : rows()) {
    nlohmann::json& entry = table[row.name] = histogram_json(*row.times);
    if (row.counts == nullptr) continue;
    entry["observed"] = row.counts->observed;
    entry["inferred"] = row.counts->inferred;
    entry["not_needed"] = row.counts->not_needed;
    entry["not_applicable"] = row.counts->not_applicable;
    entry["unknown"] = row.counts->unknown;
    entry["first"] = row.counts->first;
    entry["reasons"] = reasons_json(*row.counts);
  }
  table["total"]["untimed"] = untimed_;
  return table;
}

}  // namespace wp::report
