// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/stage_table.hpp"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/path_builder.hpp"
#include "userspace/report/segments.hpp"

namespace wp::report {
namespace {

using model::Reason;
using model::Seen;
using model::Stage;
using test::card_path;
using test::loopback_path;
using test::PathBuilder;

std::uint64_t sum_of_rows(const StageTable& table) {
  std::uint64_t sum = table.unknown().sum_ns();
  for (auto stage = Stage::kHw; stage <= Stage::kDone; stage = static_cast<Stage>(static_cast<int>(stage) + 1)) {
    sum += table.times(stage).sum_ns();
  }
  return sum;
}

TEST(StageTableTest, EachStageHoldsTheTimeSinceTheOneBefore) {
  StageTable table;
  table.add(card_path().path);
  EXPECT_EQ(table.times(Stage::kRaise).max_ns(), 1000U);
  EXPECT_EQ(table.times(Stage::kDriver).max_ns(), 7000U);
  EXPECT_EQ(table.times(Stage::kRunning).max_ns(), 4000U);
  EXPECT_EQ(table.total().max_ns(), 50000U);
  EXPECT_EQ(table.counts(Stage::kIrq).first, 1U);
  EXPECT_EQ(table.times(Stage::kIrq).count(), 0U) << "the first stage has nothing before it";
}

TEST(StageTableTest, LoopbackCountsRaiseFromTheDriver) {
  StageTable table;
  table.add(loopback_path().path);
  EXPECT_EQ(table.times(Stage::kRaise).max_ns(), 1000U);
  EXPECT_EQ(table.times(Stage::kDriver).count(), 0U);
  EXPECT_EQ(table.rows()[2].name, "driver");
}

TEST(StageTableTest, TimeAcrossAnUnknownStageIsNobodys) {
  PathBuilder b = card_path();
  b.without(Stage::kProtocol, Seen::kUnknown, Reason::kHookMissing);
  StageTable table;
  table.add(b.path);
  EXPECT_EQ(table.times(Stage::kQueued).count(), 0U);
  EXPECT_EQ(table.unknown().max_ns(), 27000U);
  EXPECT_EQ(sum_of_rows(table), 50000U);
}

TEST(StageTableTest, AStageThatWasNotNeededHidesNothing) {
  PathBuilder b = card_path();
  for (const Stage stage : {Stage::kWaking, Stage::kRunnable, Stage::kRunning}) {
    b.without(stage, Seen::kNotNeeded, Reason::kFoundReady);
  }
  StageTable table;
  table.add(b.path);
  EXPECT_EQ(table.times(Stage::kReturned).max_ns(), 7000U);
  EXPECT_EQ(table.unknown().count(), 0U);
  EXPECT_EQ(table.counts(Stage::kWaking).not_needed, 1U);
}

TEST(StageTableTest, ReplyAndXmitLieOutsideTheTotal) {
  StageTable table;
  table.add(loopback_path().path);
  EXPECT_EQ(table.times(Stage::kReply).max_ns(), 4000U);
  EXPECT_EQ(table.times(Stage::kXmit).max_ns(), 1000U);
  EXPECT_EQ(sum_of_rows(table), 20000U);
}

TEST(StageTableTest, APathThatRunsBackwardsIsCountedNotClamped) {
  PathBuilder b = card_path();
  b.at(Stage::kStack, 999000);
  StageTable table;
  table.add(b.path);
  EXPECT_EQ(table.untimed(), 1U);
  EXPECT_EQ(table.total().count(), 0U);
  EXPECT_EQ(sum_of_rows(table), 0U);
  EXPECT_EQ(table.counts(Stage::kStack).observed, 1U);
}

TEST(StageTableTest, RowsAddUpToTheTotalOfEveryPath) {
  std::mt19937 random(1);
  std::uniform_int_distribution<int> what(0, 4);
  std::uniform_int_distribution<std::uint64_t> step(0, 5000);
  std::uint64_t timed = 0;
  for (int round = 0; round < 2000; ++round) {
    PathBuilder b;
    b.path.arrival.driver_hook = round % 2 == 0 ? "netif_rx" : "gro_receive";
    std::uint64_t now = 1000;
    for (const Stage stage : model::stage_order(b.path)) {
      const auto seen = static_cast<Seen>(what(random));
      b.path.at(stage) = {seen, Reason::kNone, b.path.at(stage).ts_ns, 0};
      if (b.path.at(stage).has_time()) b.path.at(stage).ts_ns = now += step(random);
    }
    StageTable table;
    table.add(b.path);
    const auto total = model::total_ns(b.path);
    ASSERT_EQ(sum_of_rows(table), total.value_or(0));
    ASSERT_EQ(table.total().count(), total ? 1U : 0U);
    timed += total ? 1 : 0;
  }
  EXPECT_GT(timed, 500U);
}

TEST(StageTableTest, JsonCountsReasonsAndNeverTurnsUnknownIntoZero) {
  StageTable table;
  table.add(loopback_path().path);
  const nlohmann::json json = table.json();
  EXPECT_EQ(json["irq"]["not_applicable"], 1);
  EXPECT_EQ(json["irq"]["reasons"], nlohmann::json({{"loopback_no_interrupt", 1}}));
  EXPECT_EQ(json["irq"]["n"], 0);
  EXPECT_TRUE(json["irq"]["p50_ns"].is_null());
  EXPECT_EQ(json["running"]["p50_ns"], 4000);
  EXPECT_EQ(json["total"]["max_ns"], 20000);
}

}  // namespace
}  // namespace wp::report
