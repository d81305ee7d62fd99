// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

namespace wp::report {

/// Durations in ns, in memory that does not grow. Buckets are log-linear: exact below 256 ns, from there 128 to each
/// doubling, so that a percentile is off by at most 0.4 % (it is the middle of its bucket, kept between the
/// smallest and the largest value seen). Count, sum, smallest and largest are exact.
class Histogram {
 public:
  void add(std::uint64_t value_ns);
  void merge(const Histogram& other);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] std::uint64_t sum_ns() const { return sum_; }
  [[nodiscard]] std::optional<std::uint64_t> min_ns() const;
  [[nodiscard]] std::optional<std::uint64_t> max_ns() const;
  /// The value that `percent` of all values do not exceed; nullopt where there is none. 0 < percent <= 100.
  [[nodiscard]] std::optional<std::uint64_t> percentile_ns(double percent) const;

 private:
  static constexpr unsigned kSubBits = 7;
  static constexpr std::size_t kBuckets = (64 - kSubBits + 1) << kSubBits;

  static std::size_t bucket_of(std::uint64_t value_ns);
  static std::uint64_t middle_of(std::size_t bucket);

  std::vector<std::uint64_t> buckets_ = std::vector<std::uint64_t>(kBuckets);
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t min_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace wp::report
