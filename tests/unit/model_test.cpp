// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/model/model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <string>

namespace wp::model {
namespace {

Path path_with(std::initializer_list<std::pair<Stage, std::uint64_t>> times) {
  Path path;
  for (StagePoint& point : path.stages) point = {Seen::kNotNeeded, Reason::kRunning, 0, -1};
  for (const auto& [stage, ts] : times) path.at(stage) = {Seen::kObserved, Reason::kNone, ts, 0};
  return path;
}

TEST(ModelTest, EveryStageNameLeadsBackToItsStage) {
  for (std::size_t i = 0; i < kStageCount; ++i) {
    const auto stage = static_cast<Stage>(i);
    EXPECT_EQ(stage_from_name(stage_name(stage)), stage);
  }
  EXPECT_EQ(stage_from_name("nonsense"), std::nullopt);
}

TEST(ModelTest, ReasonNamesAreSnakeCaseAndUnique) {
  std::set<std::string> names, texts;
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const std::string name = reason_name(static_cast<Reason>(i));
    EXPECT_TRUE(std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::islower(c) || c == '_'; }))
        << name;
    EXPECT_TRUE(names.insert(name).second) << name;
    const std::string text = reason_text(static_cast<Reason>(i));
    EXPECT_TRUE(texts.insert(text).second) << text;
    EXPECT_LE(text.size(), 60U) << text << ": a phrase, not a sentence";
  }
}

TEST(ModelTest, LoopbackHandsOverBeforeItRaises) {
  Path path;
  path.arrival.driver_hook = "netif_rx";
  const auto order = stage_order(path);
  const std::array expected = {Stage::kHw, Stage::kIrq, Stage::kDriver, Stage::kRaise, Stage::kSoftirq, Stage::kStack};
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), order.begin()));
  EXPECT_EQ(order.back(), Stage::kXmit);
}

TEST(ModelTest, NetworkCardRaisesBeforeItsDriverRuns) {
  Path path;
  path.arrival.driver_hook = "gro_receive";
  const auto order = stage_order(path);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(ModelTest, TotalRunsFromTheFirstStageWithATimeToDone) {
  EXPECT_EQ(
      total_ns(path_with({{Stage::kSoftirq, 100}, {Stage::kQueued, 250}, {Stage::kDone, 1000}, {Stage::kReply, 2000}})),
      900U);
}

TEST(ModelTest, TotalIsUnknownRatherThanZeroOrNegative) {
  EXPECT_EQ(total_ns(path_with({{Stage::kQueued, 250}})), std::nullopt) << "no end";
  EXPECT_EQ(total_ns(path_with({{Stage::kDone, 250}})), std::nullopt) << "no beginning";
  EXPECT_EQ(total_ns(path_with({{Stage::kQueued, 300}, {Stage::kDone, 250}})), std::nullopt) << "backwards";
}

TEST(ModelTest, FirstStageOfLoopbackIsTheDriver) {
  Path path = path_with({{Stage::kDriver, 50}, {Stage::kRaise, 60}, {Stage::kDone, 100}});
  path.arrival.driver_hook = "netif_rx";
  EXPECT_EQ(total_ns(path), 50U);
}

TEST(ModelTest, OneUnknownStageMakesItIncomplete) {
  Path path = path_with({{Stage::kQueued, 1}, {Stage::kDone, 5}});
  EXPECT_TRUE(is_complete(path));
  path.at(Stage::kStack) = {Seen::kUnknown, Reason::kHistoryTooShort, 0, -1};
  EXPECT_FALSE(is_complete(path));
}

TEST(ModelTest, UnknownReplyDoesNotMatterButNearbyLossDoes) {
  Path path = path_with({{Stage::kQueued, 1}, {Stage::kDone, 5}});
  path.at(Stage::kXmit) = {Seen::kUnknown, Reason::kNotInSendCall, 0, -1};
  EXPECT_TRUE(is_complete(path));
  path.loss_nearby = true;
  EXPECT_FALSE(is_complete(path));
}

}  // namespace
}  // namespace wp::model
