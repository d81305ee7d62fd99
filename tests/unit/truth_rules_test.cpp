// SPDX-License-Identifier: GPL-2.0-or-later
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "tests/support/truth_story.hpp"
#include "userspace/truth/rules.hpp"

namespace wp::truth {
namespace {

using model::Stage;

/// The names of the rules that a path breaks after `lie` has changed it.
std::set<std::string> broken_by(const std::function<void(model::Path&)>& lie) {
  model::Path path = true_path(0);
  lie(path);
  const ServerRead read = true_read(0);
  const ClientRequest request = true_request(0);
  const Claim claim{path, path.begin, path.end, read, std::span(&request, 1)};
  std::set<std::string> broken;
  for (const Rule& rule : rules()) {
    if (rule.check(claim)) broken.insert(rule.name);
  }
  return broken;
}

void forget_all_but(model::Path& path, Stage stage, std::uint64_t ts_ns) {
  for (auto& point : path.stages) point = {};
  path.at(stage) = {model::Seen::kObserved, model::Reason::kNone, ts_ns, 0};
}

using Names = std::set<std::string>;

TEST(TruthRulesTest, ATrueStoryBreaksNoRule) {
  EXPECT_EQ(broken_by([](model::Path&) {}), Names{});
}

TEST(TruthRulesTest, ARangeBeyondItsReadIsNoticed) {
  EXPECT_EQ(broken_by([](model::Path& p) { p.end += 1; }), Names{"spans_two_reads"});
}

TEST(TruthRulesTest, AnotherReaderIsNoticed) {
  EXPECT_EQ(broken_by([](model::Path& p) { p.task.id.tid = kTid + 1; }), Names{"other_thread"});
}

TEST(TruthRulesTest, AnotherReaderOfTheSameNumberIsNoticed) {
  const auto made_at = [](std::uint64_t born_ns) {
    return broken_by([=](model::Path& p) { p.task.id.start_ns = born_ns; });
  };
  EXPECT_EQ(made_at(kBornAfter - 1), Names{"other_process"});
  EXPECT_EQ(made_at(kBornAfter), Names{});
  EXPECT_EQ(made_at(kBornBefore), Names{});
  EXPECT_EQ(made_at(kBornBefore + 1), Names{"other_process"});
}

TEST(TruthRulesTest, AServerNeedNotSayWhenItsReaderWasMade) {
  model::Path path = true_path(0);
  path.task.id.start_ns = kBornBefore + 1;
  ServerRead read = true_read(0);
  read.born_after_ns = read.born_before_ns = 0;
  const ClientRequest request = true_request(0);
  EXPECT_FALSE(other_process({path, path.begin, path.end, read, std::span(&request, 1)}));
}

TEST(TruthRulesTest, AnotherDescriptorIsNoticed) {
  EXPECT_EQ(broken_by([](model::Path& p) { p.fd = kFd + 1; }), Names{"other_descriptor"});
}

TEST(TruthRulesTest, StagesOfTheReadMustLieInsideTheCall) {
  const ServerRead read = true_read(0);
  const std::pair<Stage, const char*> inside[] = {{Stage::kRead, "read_outside_call"},
                                                  {Stage::kCopied, "copied_outside_call"},
                                                  {Stage::kDone, "done_outside_call"}};
  for (const auto& [stage, rule] : inside) {
    const auto only = [stage = stage](std::uint64_t ts_ns) {
      return [=](model::Path& p) { forget_all_but(p, stage, ts_ns); };
    };
    EXPECT_EQ(broken_by(only(read.before_ns - 1)), Names{rule});
    EXPECT_EQ(broken_by(only(read.before_ns)), Names{});
    EXPECT_EQ(broken_by(only(read.after_ns)), Names{});
    EXPECT_EQ(broken_by(only(read.after_ns + 1)), Names{rule});
  }
}

TEST(TruthRulesTest, NothingArrivesBeforeItIsSent) {
  for (const Stage stage :
       {Stage::kIrq, Stage::kRaise, Stage::kSoftirq, Stage::kDriver, Stage::kStack, Stage::kProtocol, Stage::kQueued}) {
    EXPECT_EQ(broken_by([=](model::Path& p) { forget_all_but(p, stage, start_of(0) - 1); }),
              Names{"arrived_before_sent"});
  }
  // A wait may well have returned before, for another connection.
  EXPECT_EQ(broken_by([](model::Path& p) { forget_all_but(p, Stage::kReturned, start_of(0) - 1); }), Names{});
}

TEST(TruthRulesTest, ACardsPollMayBeOlderThanThePacketItFinds) {
  const auto on_a_card = [](Stage early) {
    return [=](model::Path& p) {
      for (const Stage stage : {Stage::kIrq, Stage::kRaise, Stage::kSoftirq, Stage::kDriver})
        p.at(stage) = {model::Seen::kObserved, model::Reason::kNone, start_of(0) - (stage <= early ? 1U : 0U), 0};
      p.arrival.driver_hook = "gro_receive";
    };
  };
  EXPECT_EQ(broken_by(on_a_card(Stage::kIrq)), Names{});
  EXPECT_EQ(broken_by(on_a_card(Stage::kSoftirq)), Names{});
  EXPECT_EQ(broken_by(on_a_card(Stage::kDriver)), Names{"arrived_before_sent"});
}

TEST(TruthRulesTest, OfSeveralRequestsTheYoungestDecidesWhenBytesCanArrive) {
  model::Path path = true_path(0);
  path.end = 2 * kBytes;
  ServerRead read = true_read(0);
  read.bytes = 2 * kBytes;
  const ClientRequest requests[] = {true_request(0), true_request(1)};
  EXPECT_TRUE(arrived_before_sent({path, path.begin, path.end, read, requests}));
}

TEST(TruthRulesTest, WhatWasReadWasQueuedBefore) {
  const std::uint64_t after_ns = true_read(0).after_ns;
  EXPECT_EQ(broken_by([=](model::Path& p) { forget_all_but(p, Stage::kQueued, after_ns + 1); }),
            Names{"queued_after_read"});
}

TEST(TruthRulesTest, AReplyComesAfterTheReadAndBeforeTheEcho) {
  const ServerRead read = true_read(0);
  const ClientRequest request = true_request(0);
  EXPECT_EQ(broken_by([=](model::Path& p) { forget_all_but(p, Stage::kReply, read.after_ns - 1); }),
            Names{"reply_before_read"});
  EXPECT_EQ(broken_by([=](model::Path& p) { forget_all_but(p, Stage::kReply, request.reply_ns + 1); }),
            Names{"reply_after_echo"});
  EXPECT_EQ(broken_by([=](model::Path& p) { forget_all_but(p, Stage::kXmit, request.reply_ns + 1); }),
            Names{"reply_after_echo"});
}

TEST(TruthRulesTest, StagesAreInTheOrderOfTheirTransport) {
  const auto swap_driver_and_raise = [](model::Path& p) { std::swap(p.at(Stage::kDriver), p.at(Stage::kRaise)); };
  const Names both{"stages_out_of_order", "stages_do_not_add_up"};
  EXPECT_EQ(broken_by(swap_driver_and_raise), both);
  EXPECT_EQ(broken_by([&](model::Path& p) {
              swap_driver_and_raise(p);
              p.arrival.driver_hook = "gro_receive";
            }),
            both);  // on a card the softirq too comes before the driver
}

TEST(TruthRulesTest, AnUnseenStageBreaksNothing) {
  for (std::size_t i = 0; i < model::kStageCount; ++i) {
    EXPECT_EQ(broken_by([=](model::Path& p) { p.stages[i] = {}; }), Names{}) << i;
  }
}

TEST(TruthRulesTest, AShiftInTimeIsNoticedEitherWay) {
  const auto shift = [](std::int64_t by_ns) {
    return [=](model::Path& p) {
      for (auto& point : p.stages) {
        if (point.has_time()) point.ts_ns += static_cast<std::uint64_t>(by_ns);
      }
    };
  };
  EXPECT_TRUE(broken_by(shift(-5'000)).contains("arrived_before_sent"));
  EXPECT_TRUE(broken_by(shift(10'000)).contains("done_outside_call"));
  EXPECT_TRUE(broken_by(shift(40'000)).contains("queued_after_read"));
}

}  // namespace
}  // namespace wp::truth
