// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace wp::report {

// A bucket number is the value's leading kSubBits + 1 bits with the exponent above them; small values are
// their own number.
std::size_t Histogram::bucket_of(std::uint64_t value_ns) {
  const unsigned width = static_cast<unsigned>(std::bit_width(value_ns));
  if (width <= kSubBits + 1) return static_cast<std::size_t>(value_ns);
  const unsigned shift = width - kSubBits - 1;
  return (static_cast<std::size_t>(shift) << kSubBits) + static_cast<std::size_t>(value_ns >> shift);
}

std::uint64_t Histogram::middle_of(std::size_t bucket) {
  if (bucket < (std::size_t{2} << kSubBits)) return bucket;
  const unsigned shift = static_cast<unsigned>(bucket >> kSubBits) - 1;
  const std::uint64_t leading = bucket - (static_cast<std::size_t>(shift) << kSubBits);
  return (leading << shift) + (std::uint64_t{1} << (shift - 1));
}

void Histogram::add(std::uint64_t value_ns) {
  ++buckets_[bucket_of(value_ns)];
  min_ = count_ == 0 ? value_ns : std::min(min_, value_ns);
  max_ = std::max(max_, value_ns);
  ++count_;
  sum_ += value_ns;
}

void Histogram::merge(const Histogram& other) {
  if (other.count_ == 0) return;
  for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  min_ = count_ == 0 ? other.min_ : std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  count_ += other.count_;
  sum_ += other.sum_;
}

std::optional<std::uint64_t> Histogram::min_ns() const {
  if (count_ == 0) return std::nullopt;
  return min_;
}

std::optional<std::uint64_t> Histogram::max_ns() const {
  if (count_ == 0) return std::nullopt;
  return max_;
}

std::optional<std::uint64_t> Histogram::percentile_ns(double percent) const {
  if (count_ == 0) return std::nullopt;
  const double exact_rank = std::ceil(percent / 100.0 * static_cast<double>(count_));
  const std::uint64_t rank = exact_rank < 1.0 ? 1 : static_cast<std::uint64_t>(exact_rank);
  if (rank >= count_) return max_;
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    below += buckets_[i];
    if (below >= rank) return std::clamp(middle_of(i), min_, max_);
  }
  return max_;
}

}  // namespace wp::report
