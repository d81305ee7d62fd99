// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/reconstruct/thread_time.hpp"

#include <gtest/gtest.h>

namespace wp::reconstruct {
namespace {

constexpr std::uint64_t kMs = 1'000'000;
using State = ThreadTime::State;

QuietStretches quiet(std::initializer_list<std::uint64_t> arrivals_ms) {
  QuietStretches q;
  q.begin(kMs);
  for (const std::uint64_t ms : arrivals_ms) q.on_arrival(ms * kMs);
  return q;
}

TEST(ThreadTimeTest, AStretchIsTenMillisecondsAndBeginsWhenThingsHaveSettled) {
  const QuietStretches q = quiet({2, 5, 50});
  ASSERT_EQ(q.all().size(), 1U);
  EXPECT_EQ(q.all()[0].from_ns, 7 * kMs);
  EXPECT_EQ(q.all()[0].to_ns, 50 * kMs);
  EXPECT_EQ(q.total_ns(), 43 * kMs);
}

TEST(ThreadTimeTest, OnlyWhatFallsIntoAStretchIsIdleTime) {
  const QuietStretches q = quiet({2, 52, 53, 103});  // quiet: 4..52 and 55..103
  ThreadTime t;
  t.add(State::kRun, 1 * kMs, 14 * kMs, q);
  t.add(State::kSleep, 14 * kMs, 60 * kMs, q);
  t.add(State::kQueue, 60 * kMs, 63 * kMs, q);
  t.add(State::kRun, 63 * kMs, 110 * kMs, q);
  t.settle(q);
  EXPECT_EQ(t.all().run_ns, 60 * kMs);
  EXPECT_EQ(t.idle().run_ns, (10 + 40) * kMs);
  EXPECT_EQ(t.idle().sleep_ns, (38 + 5) * kMs);
  EXPECT_EQ(t.idle().queue_ns, 3 * kMs);
}

TEST(ThreadTimeTest, SummingUpOnTheWayChangesNothing) {
  QuietStretches q;
  q.begin(kMs);
  ThreadTime folded;
  std::uint64_t at = kMs;
  for (int i = 0; i < 20'000; ++i, at += kMs) {
    folded.add(i % 2 ? State::kRun : State::kSleep, at, at + kMs, q);
    if (i % 100 == 50) q.on_arrival(at);
  }
  folded.settle(q);
  ThreadTime at_once;
  at = kMs;
  for (int i = 0; i < 20'000; ++i, at += kMs) at_once.add(i % 2 ? State::kRun : State::kSleep, at, at + kMs, q);
  at_once.settle(q);
  EXPECT_EQ(folded.idle().run_ns, at_once.idle().run_ns);
  EXPECT_EQ(folded.idle().sleep_ns, at_once.idle().sleep_ns);
  EXPECT_GT(folded.idle().run_ns, 0U);
}

// Nothing arrives for a thousand seconds: every piece is kept. Were all looked at with each new one, this would take
// hours.
TEST(ThreadTimeTest, ALongStretchTakesNoLongerThanItsPieces) {
  QuietStretches q;
  q.begin(kMs);
  ThreadTime t;
  std::uint64_t at = kMs;
  for (int i = 0; i < 1'000'000; ++i, at += kMs) t.add(i % 2 ? State::kRun : State::kSleep, at, at + kMs, q);
  q.on_arrival(at);
  t.settle(q);
  EXPECT_EQ(t.idle().run_ns + t.idle().sleep_ns, 1'000'000 * kMs - QuietStretches::kSettleNs);
}

TEST(ThreadTimeTest, TimeThatWaitedForACpuIsNotAvailable) {
  const model::Spent spent{1, 8, 1};
  EXPECT_DOUBLE_EQ(spent.share_of_available(), 0.5);
}

}  // namespace
}  // namespace wp::reconstruct
