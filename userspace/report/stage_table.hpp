// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Where the time of all paths went, stage by stage. Memory does not grow with the number of paths.
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "userspace/model/model.hpp"
#include "userspace/report/histogram.hpp"

namespace wp::report {

/// On how many paths a stage was what.
struct StageCounts {
  std::uint64_t observed = 0;
  std::uint64_t inferred = 0;
  std::uint64_t not_needed = 0;
  std::uint64_t not_applicable = 0;
  std::uint64_t unknown = 0;
  std::uint64_t first = 0;  ///< the path begins here: there is no earlier time to count from
  std::array<std::array<std::uint64_t, model::kReasonCount>, 5> reasons{};  ///< by Seen, then Reason
};

/// The time from the stage before that has a time to this one, over all paths. A segment with an unknown
/// stage inside belongs to the row "unknown" instead, so the rows from "hw" to "done" and "unknown" add up to "total".
/// The rows "reply" (done to reply: the server's own time) and "xmit" (reply to xmit) lie outside the total.
class StageTable {
 public:
  struct Row {
    std::string name;
    const Histogram* times = nullptr;
    const StageCounts* counts = nullptr;  ///< nullptr for "unknown" and "total", which are no stages
  };

  void add(const model::Path& path);

  /// In the order most paths have; then "unknown", "total", "reply", "xmit".
  [[nodiscard]] std::vector<Row> rows() const;
  [[nodiscard]] nlohmann::json json() const;
  [[nodiscard]] const Histogram& total() const { return total_; }
  [[nodiscard]] const Histogram& unknown() const { return unknown_; }
  [[nodiscard]] const Histogram& times(model::Stage stage) const { return times_[static_cast<std::size_t>(stage)]; }
  [[nodiscard]] const StageCounts& counts(model::Stage stage) const { return counts_[static_cast<std::size_t>(stage)]; }
  [[nodiscard]] std::uint64_t paths() const { return paths_; }
  /// Paths left out of the times, though not out of the counts: without an end or a beginning, or with a stage
  /// earlier than the one before it.
  [[nodiscard]] std::uint64_t untimed() const { return untimed_; }

 private:
  void count(const model::Path& path);
  void add_segments(const model::Path& path);

  std::array<Histogram, model::kStageCount> times_{};
  std::array<StageCounts, model::kStageCount> counts_{};
  Histogram unknown_;
  Histogram total_;
  std::uint64_t paths_ = 0;
  std::uint64_t untimed_ = 0;
  std::uint64_t driver_first_ = 0;
};

/// {"n", "p50_ns", "p90_ns", "p99_ns", "p999_ns", "max_ns", "sum_ns"}; null where n is 0.
nlohmann::json histogram_json(const Histogram& histogram);

}  // namespace wp::report
