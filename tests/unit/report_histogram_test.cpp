// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace wp::report {
namespace {

TEST(HistogramTest, NothingSeenIsNotZero) {
  const Histogram empty;
  EXPECT_EQ(empty.count(), 0U);
  EXPECT_EQ(empty.percentile_ns(50), std::nullopt);
  EXPECT_EQ(empty.max_ns(), std::nullopt);
  EXPECT_EQ(empty.min_ns(), std::nullopt);
}

TEST(HistogramTest, SmallValuesAreExact) {
  Histogram h;
  for (std::uint64_t v = 1; v <= 200; ++v) h.add(v);
  EXPECT_EQ(h.percentile_ns(50), 100U);
  EXPECT_EQ(h.percentile_ns(99), 198U);
  EXPECT_EQ(h.percentile_ns(100), 200U);
  EXPECT_EQ(h.min_ns(), 1U);
  EXPECT_EQ(h.sum_ns(), 20100U);
}

TEST(HistogramTest, PercentilesStayWithinTheirPromise) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> latency(10.0, 3.0);
  Histogram h;
  std::vector<std::uint64_t> values;
  for (int i = 0; i < 20000; ++i) {
    values.push_back(static_cast<std::uint64_t>(latency(random)));
    h.add(values.back());
  }
  std::sort(values.begin(), values.end());
  for (const double p : {1.0, 10.0, 50.0, 90.0, 99.0, 99.9}) {
    const auto rank = static_cast<std::size_t>(std::ceil(p / 100 * 20000)) - 1;
    const double exact = static_cast<double>(values[rank]);
    EXPECT_NEAR(static_cast<double>(*h.percentile_ns(p)), exact, exact * 0.004 + 1) << p;
  }
  EXPECT_EQ(h.max_ns(), values.back());
}

TEST(HistogramTest, TheLargestNumberFits) {
  Histogram h;
  h.add(std::numeric_limits<std::uint64_t>::max());
  h.add(0);
  EXPECT_EQ(h.percentile_ns(50), 0U);
  EXPECT_EQ(h.percentile_ns(99), std::numeric_limits<std::uint64_t>::max());
}

TEST(HistogramTest, MergingEqualsHavingSeenBoth) {
  Histogram a, b, both;
  for (std::uint64_t v = 10; v < 100000; v += 7) {
    (v % 2 == 0 ? a : b).add(v);
    both.add(v);
  }
  a.merge(b);
  a.merge(Histogram{});
  EXPECT_EQ(a.count(), both.count());
  EXPECT_EQ(a.sum_ns(), both.sum_ns());
  EXPECT_EQ(a.min_ns(), both.min_ns());
  for (const double p : {1.0, 50.0, 99.9}) EXPECT_EQ(a.percentile_ns(p), both.percentile_ns(p));
}

}  // namespace
}  // namespace wp::report
