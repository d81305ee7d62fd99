// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Which causes made the slow requests slow: the slowest hundredth against the middle half.
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "userspace/model/model.hpp"
#include "userspace/report/format.hpp"

namespace wp::report {

using CauseTimes = std::array<std::uint64_t, model::kCauseCount>;  ///< ns, by Cause

/// Nanoseconds, 95 % interval by resampling stretches of the recording (requests near each other are alike).
struct Interval {
  double low = 0, high = 0;
};

struct CauseRow {
  model::Cause cause = model::Cause::kUnknown;
  std::uint64_t sum_ns = 0;           ///< over all requests
  double slow_ns = 0, middle_ns = 0;  ///< mean of each group
  std::optional<Interval> grew;  ///< of slow_ns - middle_ns; none where the slow requests came in too few stretches
  std::uint64_t first_in = 0;    ///< slow requests of which it is the largest cause
  std::string culprit;           ///< the one named most often there; escaped; empty: nobody
  std::uint64_t example = 0;     ///< the slow request of which it took most, 0: none
};

struct BlameGroups {
  std::uint64_t requests = 0;  ///< with a total
  std::uint64_t slow = 0, middle = 0, slow_from_ns = 0, middle_from_ns = 0, middle_to_ns = 0;
  bool slow_is_whole = true;     ///< false: only the slowest that were kept
  std::vector<CauseRow> causes;  ///< those with any time, the largest growth first
};

/// Memory is bounded: the slowest requests are kept, and a uniform sample of all.
class BlameTable {
 public:
  void add(const model::Path& path);
  /// Groups need 100 requests: with fewer, `slow` and `middle` are 0 and only the sums hold.
  [[nodiscard]] BlameGroups groups() const;

 private:
  static constexpr std::size_t kKept = 16384;

  struct Row {
    std::uint64_t id = 0, done_ns = 0, total_ns = 0;
    CauseTimes times{};
    model::Cause largest = model::Cause::kUnknown;
    std::string culprit;  // of the largest; only in the slow group
  };
  /// A row of slowest_, light enough for a heap.
  struct Rank {
    std::uint64_t total_ns, id;
    std::size_t place;
  };
  template <typename T>
  static bool is_slower(const T& a, const T& b) {
    return a.total_ns != b.total_ns ? a.total_ns > b.total_ns : a.id < b.id;
  }

  void keep_slow(Row&& row, const model::Path& path);
  [[nodiscard]] std::vector<Row> slow_group() const;
  [[nodiscard]] std::vector<Row> middle_group() const;
  void compare(BlameGroups& out, const std::vector<Row>& slow, const std::vector<Row>& middle) const;

  std::uint64_t requests_ = 0, first_ns_ = ~0ULL, last_ns_ = 0;
  CauseTimes sums_{};
  std::vector<Row> slowest_;
  std::vector<model::BlameShare> largest_;  // of each of them: its culprit is put into words only if it is told
  std::vector<Rank> ranks_;                 // a heap, the fastest of them in front
  std::vector<Row> sample_;
  std::mt19937_64 random_{1};
};

std::string render_blame(const BlameGroups& groups, const Style& style);
nlohmann::json blame_json(const BlameGroups& groups);

}  // namespace wp::report
