// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Two recordings, stage by stage and cause by cause. See docs/diff.md for the method.
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

/// One recording's requests: a uniform sample of at most kKept, each with its times.
class DiffSide {
 public:
  static constexpr std::size_t kTotal = 0, kFirstStage = 1, kFirstCause = kFirstStage + model::kStageCount;
  static constexpr std::size_t kRows = kFirstCause + model::kCauseCount;

  struct Request {
    std::uint64_t done_ns = 0;
    std::array<float, kRows> ns{};  ///< negative: it has none
  };

  void add(const model::Path& path);
  [[nodiscard]] std::uint64_t requests() const { return requests_; }
  /// In the order of their times.
  [[nodiscard]] std::vector<Request> sorted() const;

 private:
  static constexpr std::size_t kKept = 65536;

  std::uint64_t requests_ = 0;
  std::vector<Request> sample_;
  std::mt19937_64 random_{1};
};

/// "total", "queued", "blame run_queue".
std::string diff_row_name(std::size_t row);

struct Difference {
  std::size_t row = 0;
  bool is_p99 = false;  ///< else of the median; of a cause: of the mean, since most requests have none of it
  double a_ns = 0, b_ns = 0;
  double low_ns = 0, high_ns = 0;  ///< interval of b - a, wide enough for all rows together to err in 5 % of cases
  double margin_ns = 0;            ///< what is smaller counts as none
  double superiority = 0.5;        ///< how often a request of B takes longer than one of A

  [[nodiscard]] bool is_slower() const { return low_ns > margin_ns; }
  [[nodiscard]] bool is_faster() const { return high_ns < -margin_ns; }
  [[nodiscard]] bool is_shown() const { return is_slower() || is_faster(); }
};

struct Diff {
  std::uint64_t a_requests = 0, b_requests = 0;
  std::vector<Difference> rows;  ///< those that could be compared
  std::string too_few;           ///< why nothing could be compared, else empty

  [[nodiscard]] bool is_shown() const;
};

/// margin: of A's value in the row (0.1: a tenth). Nothing below a fiftieth of A's median total is told either.
Diff compare(const std::vector<DiffSide::Request>& a, const std::vector<DiffSide::Request>& b, double margin);
/// Splits one recording at random into two halves made of stretches of time.
std::array<std::vector<DiffSide::Request>, 2> halve(const std::vector<DiffSide::Request>& all, std::uint64_t seed);

std::string render_diff(const Diff& diff, const std::string& a, const std::string& b, const Style& style);
nlohmann::json diff_json(const Diff& diff);

}  // namespace wp::report
