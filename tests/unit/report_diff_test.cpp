// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/diff.hpp"

#include <gtest/gtest.h>

#include <random>

namespace wp::report {
namespace {

using Requests = std::vector<DiffSide::Request>;

// A server whose speed drifts: requests near each other are alike. Times are ns.
Requests server(std::uint64_t seed, double median_ns, double tail_ns) {
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> each(0, 0.3), drift(0, 0.02);
  std::bernoulli_distribution is_slow(0.02);
  Requests requests;
  double now = 1;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    if (i % 500 == 0) now = drift(random);
    DiffSide::Request request;
    request.ns.fill(-1);
    request.done_ns = i * 1000;
    const double tail = is_slow(random) ? tail_ns * each(random) : 0;
    request.ns[DiffSide::kTotal] = static_cast<float>(median_ns * now * each(random) + tail);
    requests.push_back(request);
  }
  return requests;
}

const Difference& row(const Diff& diff, bool is_p99) {
  for (const Difference& d : diff.rows)
    if (d.row == DiffSide::kTotal && d.is_p99 == is_p99) return d;
  throw std::runtime_error("no such row");
}

TEST(DiffTest, TheSameServerTwiceShowsNoDifferenceInAtLeast95Of100) {
  int differ = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed)
    differ += compare(server(2 * seed, 50'000, 400'000), server(2 * seed + 1, 50'000, 400'000), 0.1).is_shown();
  EXPECT_LE(differ, 5);
}

TEST(DiffTest, AServerThatIsAThirdSlowerIsFoundInEachOfTwenty) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Diff diff = compare(server(2 * seed, 50'000, 400'000), server(2 * seed + 1, 66'000, 400'000), 0.1);
    EXPECT_TRUE(row(diff, false).is_slower()) << seed;
    EXPECT_GT(row(diff, false).superiority, 0.6);
  }
}

TEST(DiffTest, ALongerTailIsFoundInThePercentileAndNotInTheMedian) {
  const Diff diff = compare(server(1, 50'000, 400'000), server(2, 50'000, 1'200'000), 0.1);
  EXPECT_TRUE(row(diff, true).is_slower());
  EXPECT_FALSE(row(diff, false).is_shown());
}

TEST(DiffTest, WhatIsBelowTheMarginIsNotShown) {
  EXPECT_FALSE(compare(server(1, 50'000, 400'000), server(2, 52'000, 400'000), 0.1).is_shown());
}

TEST(DiffTest, TooFewRequestsAreUndecided) {
  Requests few = server(1, 50'000, 400'000);
  few.resize(300);
  EXPECT_FALSE(compare(few, few, 0.1).too_few.empty());
}

}  // namespace
}  // namespace wp::report
