// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/judge/classifier.hpp"

#include <gtest/gtest.h>

namespace wp::judge {
namespace {

using model::Evidence;
using model::Mechanism;
using model::ThreadEvidence;

constexpr std::uint64_t kSecond = 1'000'000'000, kMillisecond = 1'000'000;
constexpr std::uint64_t kQuiet = 5 * kSecond;

// Ten seconds, asleep for nearly all of it.
ThreadEvidence asleep(std::uint32_t tid = 42, std::uint32_t pid = 42) {
  ThreadEvidence e;
  e.task.id = {tid, 7};
  e.task.pid = pid;
  e.task.comm = "server";
  e.from_ns = kSecond;
  e.to_ns = 11 * kSecond;
  e.spent = {10 * kMillisecond, kMillisecond, 9989 * kMillisecond};
  e.idle = {0, 0, kQuiet};
  e.last_call = "epoll_wait";
  e.sleeps_in["epoll_wait"] = 1;
  return e;
}

ThreadEvidence woken_by_epoll(std::uint64_t arrivals) {
  ThreadEvidence e = asleep();
  e.arrivals = e.arrivals_asleep = e.arrivals_woke = e.reads = e.sends = e.turns = arrivals;
  e.wakes.socket = e.socket_turns = arrivals;
  e.woke_by[Mechanism::kEpoll] = arrivals;
  e.waits = e.slept_waits = arrivals;
  e.waits_by_call["epoll_wait"] = arrivals;
  e.sockets = e.sockets_at_once = 2;
  e.accepts = 2;
  e.calls = 3 * arrivals;
  for (std::uint64_t i = 0; i < arrivals; ++i) e.spin_ns.add(5'000);
  return e;
}

// It ran all the time, and this many calls of it brought nothing.
ThreadEvidence spinning(std::uint64_t barren) {
  ThreadEvidence e = asleep();
  e.spent = {10 * kSecond, 0, 0};
  e.idle = {kQuiet, 0, 0};
  e.sleeps_in.clear();
  e.arrivals = e.reads = e.sends = 60;
  e.barren = barren;
  e.calls = barren + 200;
  e.waits_by_call["epoll_wait"] = 60;
  return e;
}

// A timer every millisecond, and a look at the sockets each time.
ThreadEvidence sleep_polling() {
  ThreadEvidence e = asleep();
  e.turns = e.ticks = e.ticks_barren = e.ticks_probing = e.wakes.timer = 9000;
  e.empty_reads = e.barren = 9000;
  e.calls = 18000;
  for (int i = 0; i < 100; ++i) e.tick_period_ns.add(1'060'000);
  e.arrivals = e.arrivals_asleep = e.arrivals_unwatched = e.reads = 60;
  return e;
}

TEST(ClassifierTest, DataThatWakesItMakesAnEventDrivenThread) {
  const ThreadVerdict v = classify_thread(woken_by_epoll(60), kQuiet, 0);
  EXPECT_EQ(v.wait, WaitClass::kEventDriven);
  EXPECT_EQ(v.kind, "epoll");
  EXPECT_GE(v.confidence, 0.90);
}

TEST(ClassifierTest, TooFewArrivalsDecideNothingAndSayHowManyAreMissing) {
  const ThreadVerdict v = classify_thread(woken_by_epoll(20), kQuiet, 0);
  EXPECT_EQ(v.wait, WaitClass::kUndetermined);
  EXPECT_NE(v.missing.find("9 more arrivals"), std::string::npos) << v.missing;
}

TEST(ClassifierTest, IdleEvidenceAloneNeverMakesItEventDriven) {
  const ThreadVerdict v = classify_thread(asleep(), 10 * kSecond, 0);
  EXPECT_EQ(v.wait, WaitClass::kUndetermined);
  EXPECT_NE(v.missing.find("epoll_wait"), std::string::npos) << v.missing;
}

TEST(ClassifierTest, ASpinnerIsToldByItsBarrenCallsWhateverTheyAreCalled) {
  ThreadEvidence e = spinning(1'000'000);
  e.empty_waits = e.barren;
  EXPECT_EQ(classify_thread(e, kQuiet, 0).kind, "system calls: epoll_wait without a timeout");
  e.empty_waits = 0;
  e.ready_waits = e.barren;
  EXPECT_TRUE(classify_thread(e, kQuiet, 0).kind.starts_with("false-ready: epoll_wait"));
  e.ready_waits = 0;
  e.empty_reads = e.barren;
  const ThreadVerdict v = classify_thread(e, kQuiet, 0);
  EXPECT_EQ(v.wait, WaitClass::kSpin);
  EXPECT_TRUE(v.kind.starts_with("system calls: receives"));
}

TEST(ClassifierTest, AUserSpaceSpinnerNeedsThreeQuietSeconds) {
  ThreadEvidence e = spinning(0);
  EXPECT_EQ(classify_thread(e, kQuiet, 0).kind, "user space");
  e.idle = {2 * kSecond, 0, 0};
  EXPECT_EQ(classify_thread(e, 2 * kSecond, 0).wait, WaitClass::kUndetermined);
}

TEST(ClassifierTest, WaitingForACpuIsNotRestraint) {
  ThreadEvidence e = spinning(1'000'000);
  e.empty_reads = e.barren;
  e.spent = {2 * kSecond, 8 * kSecond, 0};  // five others wanted the CPU, too
  e.idle = {kSecond, 4 * kSecond, 0};
  EXPECT_EQ(classify_thread(e, kQuiet, 0).wait, WaitClass::kSpin);
}

// Asleep until its first client came; from then on it ran, or waited for a CPU, and no call brought anything.
TEST(ClassifierTest, OneThatSleptFirstAndSpinsSinceIsASpinner) {
  ThreadEvidence e = asleep();
  e.turns = e.wakes.socket = e.socket_turns = 1;
  e.idle = {900 * kMillisecond, kSecond, 200 * kMillisecond};
  e.spent = e.idle;
  e.ready_waits = e.barren = e.calls = 500'000;
  e.waits_by_call["pselect6"] = 4;
  const ThreadVerdict v = classify_thread(e, kQuiet, 0);
  EXPECT_EQ(v.wait, WaitClass::kSpin);
  EXPECT_TRUE(v.kind.starts_with("false-ready: pselect6")) << v.kind;
  e.turns = 5000;  // as many sleeps between: it looks when it is woken
  EXPECT_EQ(classify_thread(e, kQuiet, 0).wait, WaitClass::kUndetermined);
}

TEST(ClassifierTest, ServedWithoutAPauseASpinnerIsNotToldFromABusyServer) {
  ThreadEvidence e = spinning(1'000'000);
  e.idle = {};
  const ThreadVerdict v = classify_thread(e, 0, 0);
  EXPECT_EQ(v.wait, WaitClass::kUndetermined);
  EXPECT_NE(v.missing.find("quieter"), std::string::npos) << v.missing;
}

TEST(ClassifierTest, ASleeperThatLooksAtEachTickIsASleepPoller) {
  const ThreadVerdict v = classify_thread(sleep_polling(), kQuiet, 0);
  EXPECT_EQ(v.wait, WaitClass::kSleepPoll);
  EXPECT_EQ(v.period_ns, 1'060'000U);
  EXPECT_NE(v.counterexample.find("60 arrivals"), std::string::npos) << v.counterexample;
}

TEST(ClassifierTest, HousekeepingTenTimesASecondIsNoPolling) {
  ThreadEvidence e = woken_by_epoll(60);
  e.ticks = e.ticks_barren = e.ticks_timed_out = 100;
  for (int i = 0; i < 99; ++i) e.tick_period_ns.add(100 * kMillisecond);
  const ThreadVerdict v = classify_thread(e, kQuiet, 0);
  EXPECT_EQ(v.wait, WaitClass::kEventDriven);
  EXPECT_EQ(v.timer, "housekeeping, every 100 ms");
}

TEST(ClassifierTest, AFastTimerThatTouchesNoSocketIsNoPollingEither) {
  ThreadEvidence e = woken_by_epoll(60);
  e.ticks = e.ticks_barren = 9000;
  for (int i = 0; i < 99; ++i) e.tick_period_ns.add(kMillisecond);
  EXPECT_EQ(classify_thread(e, kQuiet, 0).wait, WaitClass::kEventDriven);
}

TEST(ClassifierTest, AWaitThatTimesOutAllTheTimeMakesAHybrid) {
  ThreadEvidence e = woken_by_epoll(60);
  e.ticks = e.ticks_barren = e.ticks_timed_out = 9000;
  for (int i = 0; i < 99; ++i) e.tick_period_ns.add(kMillisecond);
  EXPECT_EQ(classify_thread(e, kQuiet, 0).wait, WaitClass::kHybrid);
}

TEST(ClassifierTest, LookingAgainBeforeItSleepsMakesAHybridWithABudget) {
  ThreadEvidence e = woken_by_epoll(60);
  e.turns_spinning = 55;
  e.spin_ns = {};
  for (int i = 0; i < 60; ++i) e.spin_ns.add(205'000);
  const ThreadVerdict v = classify_thread(e, kQuiet, 0);
  EXPECT_EQ(v.wait, WaitClass::kHybrid);
  EXPECT_EQ(v.spin_budget_ns, 205'000U);
}

TEST(ClassifierTest, DataLeftUnreadIsAStallAndNoRest) {
  ThreadEvidence e = woken_by_epoll(60);
  e.left_unread = 1;
  EXPECT_EQ(classify_thread(e, kQuiet, 0).wait, WaitClass::kStalled);
}

TEST(ClassifierTest, ArrivalsThatDidNotWakeItForbidTheName) {
  ThreadEvidence e = woken_by_epoll(100);
  e.arrivals_woke = 80;
  const ThreadVerdict v = classify_thread(e, kQuiet, 0);
  EXPECT_EQ(v.wait, WaitClass::kUndetermined);
  EXPECT_NE(v.counterexample.find("20 arrivals"), std::string::npos) << v.counterexample;
}

TEST(ClassifierTest, LossDecidesNothing) {
  EXPECT_EQ(classify_thread(woken_by_epoll(60), kQuiet, 3).wait, WaitClass::kUndetermined);
}

TEST(ClassifierTest, ABusyThreadWithoutSocketsDoesNotMakeTheServerAPoller) {
  Evidence evidence;
  ThreadEvidence worker = spinning(0);
  worker.task.id = {43, 7};
  worker.arrivals = worker.reads = worker.sends = 0;
  worker.last_call.clear();
  worker.waits_by_call.clear();
  evidence.threads[{42, 7}] = woken_by_epoll(60);
  evidence.threads[{43, 7}] = worker;
  evidence.idle_ns[42] = kQuiet;
  const Classification c = classify(evidence);
  ASSERT_EQ(c.servers.size(), 1U);
  EXPECT_EQ(c.servers[0].wait, WaitClass::kEventDriven);
  EXPECT_EQ(c.servers[0].threads[1].wait, WaitClass::kNoNetwork);
}

TEST(ClassifierTest, TheWorstThreadNamesTheServer) {
  Evidence evidence;
  evidence.threads[{42, 7}] = woken_by_epoll(60);
  ThreadEvidence poller = sleep_polling();
  poller.task.id = {43, 7};
  evidence.threads[{43, 7}] = poller;
  evidence.idle_ns[42] = kQuiet;
  EXPECT_EQ(classify(evidence).servers.at(0).wait, WaitClass::kSleepPoll);
}

// The name, the process id and the descriptor numbers are no evidence.
TEST(ClassifierTest, NamesDoNotLeakIntoTheVerdict) {
  ThreadEvidence e = spinning(1'000'000);
  e.empty_waits = e.barren;
  e.task.comm = "nginx";
  EXPECT_EQ(classify_thread(e, kQuiet, 0).wait, WaitClass::kSpin);
}

}  // namespace
}  // namespace wp::judge
