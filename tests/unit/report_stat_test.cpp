// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/stat.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace wp::report {
namespace {

TEST(StatBins, EveryValueLiesInItsBinAndNoBinIsWiderThanASixteenth) {
  for (wp_u64 ns = 0; ns < 1U << 16U; ++ns) {
    const wp_u32 bin = wp_stat_bin(ns);
    ASSERT_LE(wp_stat_least(bin), ns);
    ASSERT_GT(wp_stat_least(bin + 1), ns);
  }
  for (wp_u32 bin = 16; bin + 1 < WP_STAT_BINS; ++bin) {
    const wp_u64 least = wp_stat_least(bin);
    ASSERT_EQ(wp_stat_bin(least), bin);
    ASSERT_EQ(wp_stat_bin(wp_stat_least(bin + 1) - 1), bin);
    ASSERT_LE((wp_stat_least(bin + 1) - least) * 16, least);
  }
  EXPECT_EQ(wp_stat_bin(~0ULL), WP_STAT_BINS - 1U);
}

TEST(StatTable, TellsWhatWasCountedBetweenTwoLooks) {
  auto before = std::make_unique<wp_stat_counts>(), now = std::make_unique<wp_stat_counts>();
  before->reads = 5;
  before->bins[WP_STAT_total][wp_stat_bin(50)] = 5;
  now->reads = 105;
  now->untracked = 1;
  now->bins[WP_STAT_total][wp_stat_bin(50)] = 5;
  now->bins[WP_STAT_total][wp_stat_bin(1000)] = 90;
  now->bins[WP_STAT_total][wp_stat_bin(1'000'000)] = 10;
  const StatTable table = stat_between(*before, *now);
  const StatRow& total = table.rows[WP_STAT_total];
  EXPECT_EQ(table.reads, 100U);
  EXPECT_EQ(table.untracked, 1U);
  EXPECT_EQ(total.count, 100U);
  EXPECT_NEAR(static_cast<double>(total.p50_ns), 1000, 1000.0 / 16);
  EXPECT_NEAR(static_cast<double>(total.p90_ns), 1000, 1000.0 / 16);
  EXPECT_NEAR(static_cast<double>(total.p99_ns), 1'000'000, 1'000'000.0 / 16);
  EXPECT_GE(total.max_ns, 1'000'000U);
  EXPECT_EQ(table.rows[WP_STAT_read].count, 0U);
  EXPECT_TRUE(stat_json(table)["stages"]["read"]["p50_ns"].is_null());
  EXPECT_NE(stat_text(table).find("100 reads"), std::string::npos);
}

}  // namespace
}  // namespace wp::report
