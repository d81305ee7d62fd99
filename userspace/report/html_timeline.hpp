// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Slices as columns for the HTML report, track by track.
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <vector>

#include "userspace/model/timeline.hpp"
#include "userspace/report/columns.hpp"

namespace wp::report {

/// Which parts of the time are kept where there are more slices than shall be: whole windows of about a
/// millisecond, those with the slowest requests first, so that what is kept is complete.
class TimelineWindows {
 public:
  explicit TimelineWindows(std::uint64_t most_slices) : most_(most_slices) {}

  // First reading of the recording.
  void on_slice(const model::TimelineSlice& slice);
  void on_path(const model::Path& path);
  void choose();

  // Second reading.
  [[nodiscard]] bool keeps(const model::TimelineSlice& slice) const;
  [[nodiscard]] bool keeps_all() const { return kept_.empty(); }
  [[nodiscard]] std::uint64_t slices() const { return slices_; }
  /// The times left out, as [from, to) in ns.
  [[nodiscard]] std::vector<std::pair<std::uint64_t, std::uint64_t>> left_out() const;

 private:
  static constexpr unsigned kShift = 20;
  struct Window {
    std::uint64_t slices = 0;
    std::uint64_t slowest_ns = 0;
  };

  std::uint64_t most_, slices_ = 0;
  std::map<std::uint64_t, Window> windows_;
  std::map<std::uint64_t, bool> kept_;  // empty: all
};

class HtmlTimeline {
 public:
  explicit HtmlTimeline(std::uint64_t base_ns) : base_ns_(base_ns) {}

  void add(const model::TimelineSlice& slice);
  /// After the last slice; the columns are complete then.
  void finish();

  [[nodiscard]] nlohmann::json tables() const;
  void give_columns(std::vector<std::pair<std::string, const Column*>>& columns) const;
  [[nodiscard]] std::uint64_t slices() const { return slices_; }

 private:
  struct Slice {
    std::uint64_t begin_ns, end_ns;
    std::int64_t a, b;
    std::uint32_t name;
    std::uint8_t kind, unseen;  // bit 0: begin, bit 1: end
  };
  using Key = std::tuple<model::Lane, std::uint64_t, model::TaskId>;

  std::uint64_t base_ns_, slices_ = 0;
  std::map<Key, std::vector<Slice>> tracks_;
  TextTable names_;
  Column gap_, duration_, name_, kind_, a_, b_;
  nlohmann::json table_ = nlohmann::json::array();
};

}  // namespace wp::report
