// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/judge/claim.hpp"

#include <gtest/gtest.h>

#include "tests/support/path_builder.hpp"
#include "userspace/judge/claim_output.hpp"

namespace wp::judge {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

struct World {
  model::Evidence evidence;
  model::Summary summary;
  Classification classification;
  std::vector<model::Path> paths;

  World() {
    evidence.from_ns = kSecond;
    evidence.to_ns = 11 * kSecond;
  }
  ClaimResult judged(const std::string& text) {
    auto claim = parse_claim(text);
    EXPECT_TRUE(claim.has_value()) << text;
    ClaimChecker checker({*claim});
    for (const model::Path& path : paths) checker.on_path(path);
    return checker.judge({evidence, summary, classification}).at(0);
  }
  void server(WaitClass wait) {
    ServerVerdict s;
    s.pid = 42;
    s.wait = wait;
    ThreadVerdict t;
    t.wait = wait;
    t.task.id.tid = 42;
    t.kind = "a kind";
    s.threads.push_back(t);
    classification.servers.push_back(s);
  }
};

TEST(ClaimTest, TheVocabularyIsClosed) {
  for (const char* bad :
       {"", "fast", "p99 < 3us", "p99(waking..running) < 3", "p0(waking..running) < 3us", "p99(waking..sleeping) < 3us",
        "wakes_per_request <= 1us", "idle_cpu < x", "idle_cpu ~ 1%", "system(rm) < 1", "wakes_per_request <= 1.2.3"}) {
    const auto claim = parse_claim(bad);
    ASSERT_FALSE(claim.has_value()) << bad;
    EXPECT_EQ(claim.error().code, ExitCode::kUsage);
  }
}

TEST(ClaimTest, UnitsScaleTheThreshold) {
  EXPECT_DOUBLE_EQ(parse_claim("p99(waking..running) < 200us")->threshold, 200e3);
  EXPECT_DOUBLE_EQ(parse_claim("max(queued..done)<=1.5ms")->threshold, 1.5e6);
  EXPECT_DOUBLE_EQ(parse_claim("idle_cpu < 0.1%")->threshold, 0.001);
}

TEST(ClaimTest, EventDrivenFollowsTheClassAndTheWorstServerCounts) {
  const std::pair<WaitClass, Verdict> rows[] = {
      {WaitClass::kEventDriven, Verdict::kConfirmed}, {WaitClass::kSpin, Verdict::kRefuted},
      {WaitClass::kSleepPoll, Verdict::kRefuted},     {WaitClass::kHybrid, Verdict::kRefuted},
      {WaitClass::kStalled, Verdict::kRefuted},       {WaitClass::kUndetermined, Verdict::kUndecided}};
  for (const auto& [wait, verdict] : rows) {
    World world;
    world.server(wait);
    EXPECT_EQ(world.judged("event-driven").verdict, verdict) << class_name(wait);
    World two;
    two.server(WaitClass::kEventDriven);
    two.server(wait);
    EXPECT_EQ(two.judged("event-driven").verdict, verdict) << class_name(wait);
  }
  World both;
  both.server(WaitClass::kUndetermined);
  both.server(WaitClass::kSpin);
  EXPECT_EQ(both.judged("event-driven").verdict, Verdict::kRefuted);
}

TEST(ClaimTest, NobodyRecordedIsUndecided) { EXPECT_EQ(World().judged("event-driven").verdict, Verdict::kUndecided); }

TEST(ClaimTest, LossIsNeverAPass) {
  World world;
  world.server(WaitClass::kEventDriven);
  world.summary.events_lost = 1;
  EXPECT_EQ(world.judged("event-driven").verdict, Verdict::kUndecided);
  EXPECT_EQ(world.judged("empty_polls_per_second == 0").verdict, Verdict::kUndecided);
  EXPECT_EQ(world.judged("events_lost == 0").verdict, Verdict::kRefuted);
}

// waking to running of the built path takes a fixed time; one in a hundred takes ten times that.
TEST(ClaimTest, PercentilesAreJudgedByTheirInterval) {
  World world;
  const model::Path usual = test::loopback_path().path;
  const std::uint64_t took = usual.at(model::Stage::kRunning).ts_ns - usual.at(model::Stage::kWaking).ts_ns;
  ASSERT_GT(took, 0U);
  model::Path slow = usual;
  slow.at(model::Stage::kRunning).ts_ns += 9 * took;
  for (int i = 0; i < 1000; ++i) world.paths.push_back(i % 100 == 0 ? slow : usual);
  const std::string twice = std::to_string(2 * took) + "ns";
  EXPECT_EQ(world.judged("p50(waking..running) < " + twice).verdict, Verdict::kConfirmed);
  EXPECT_EQ(world.judged("p50(waking..running) > " + twice).verdict, Verdict::kRefuted);
  EXPECT_EQ(world.judged("p99(waking..running) < " + twice).verdict, Verdict::kUndecided);
  EXPECT_EQ(world.judged("max(waking..running) < " + twice).verdict, Verdict::kRefuted);
  world.paths.resize(100);
  EXPECT_EQ(world.judged("p99(waking..running) < 1s").verdict, Verdict::kUndecided) << "100 samples say nothing of p99";
}

TEST(ClaimTest, CountsAreJudgedByTheirInterval) {
  World world;
  world.summary.reads = 1000;
  world.summary.wakes = 500;
  EXPECT_EQ(world.judged("wakes_per_request <= 1").verdict, Verdict::kConfirmed);
  EXPECT_EQ(world.judged("wakes_per_request <= 0.4").verdict, Verdict::kRefuted);
  EXPECT_EQ(world.judged("wakes_per_request <= 0.51").verdict, Verdict::kUndecided);
  world.summary.reads = 10;
  EXPECT_EQ(world.judged("wakes_per_request <= 1").verdict, Verdict::kUndecided);
}

TEST(ClaimTest, OneEmptyPollRefutesNone) {
  World world;
  world.evidence.threads[{1, 1}] = {};
  EXPECT_EQ(world.judged("empty_polls_per_second == 0").verdict, Verdict::kConfirmed);
  world.evidence.threads[{1, 1}].empty_waits = 1;
  EXPECT_EQ(world.judged("empty_polls_per_second == 0").verdict, Verdict::kRefuted);
  world.evidence.to_ns = 2 * kSecond;
  EXPECT_EQ(world.judged("empty_polls_per_second == 0").verdict, Verdict::kUndecided) << "one second is too short";
}

TEST(ClaimTest, IdleCpuIsThatOfTheBusiestProcessWhileNothingArrives) {
  World world;
  model::ThreadEvidence& t = world.evidence.threads[{1, 1}];
  t.task.pid = 42;
  t.idle.run_ns = 2'000'000;
  EXPECT_EQ(world.judged("idle_cpu < 0.1%").verdict, Verdict::kUndecided) << "no quiet time at all";
  world.evidence.idle_ns[42] = 4 * kSecond;
  EXPECT_EQ(world.judged("idle_cpu < 0.1%").verdict, Verdict::kConfirmed);
  t.idle.run_ns = 20'000'000;
  EXPECT_EQ(world.judged("idle_cpu < 0.1%").verdict, Verdict::kRefuted);
}

model::Process child_of(std::uint32_t parent, std::uint32_t pid, std::uint64_t ended_ns, std::uint64_t reaped_ns) {
  model::Process child;
  child.pid = pid;
  child.ppid = parent;
  child.ended_ns = ended_ns;
  child.reaped_ns = reaped_ns;
  return child;
}

struct Forking : World {
  Forking() {
    evidence.threads[{42, 1}].task.pid = 42;
    summary.activity.processes_forked = 300;
    for (std::uint32_t i = 0; i < 300; ++i) add(child_of(42, 100 + i, 2 * kSecond, 2 * kSecond + 1000));
  }
  void add(const model::Process& child) { summary.activity.processes.push_back(child); }
};

TEST(ClaimTest, ZombiesAreJudgedByHowLongTheyLast) {
  EXPECT_EQ(World().judged("no-zombies").verdict, Verdict::kNotApplicable);
  EXPECT_EQ(Forking().judged("no-zombies").verdict, Verdict::kConfirmed);
  Forking forgotten;
  forgotten.add(child_of(42, 7, 4 * kSecond, 0));
  const ClaimResult refuted = forgotten.judged("no-zombies");
  EXPECT_EQ(refuted.verdict, Verdict::kRefuted);
  EXPECT_EQ(refuted.n, 301U);
  EXPECT_NE(refuted.why.find("pid 7 for 7 s"), std::string::npos) << refuted.why;
  Forking late;
  late.add(child_of(42, 7, 4 * kSecond, 6 * kSecond));
  EXPECT_EQ(late.judged("no-zombies").verdict, Verdict::kRefuted) << "reaped, but after two seconds";
}

TEST(ClaimTest, AChildThatIsNoZombieOrTooYoungRefutesNothing) {
  Forking at_the_end;
  at_the_end.add(child_of(42, 7, at_the_end.evidence.to_ns - kSecond / 2, 0));
  EXPECT_EQ(at_the_end.judged("no-zombies").n, 300U);
  EXPECT_EQ(at_the_end.judged("no-zombies").verdict, Verdict::kConfirmed);
  Forking ignored;
  ignored.add(child_of(42, 7, 4 * kSecond, 0));
  ignored.summary.activity.processes.back().freed_at_once = true;
  EXPECT_EQ(ignored.judged("no-zombies").verdict, Verdict::kConfirmed) << "SIGCHLD is ignored: the kernel frees it";
  Forking stranger;
  stranger.add(child_of(1, 7, 4 * kSecond, 0));
  EXPECT_EQ(stranger.judged("no-zombies").n, 300U) << "nobody watched its parent";
  Forking orphan;
  orphan.add(child_of(42, 7, 4 * kSecond, 0));
  orphan.add(child_of(1, 42, 4 * kSecond + 1000, 0));
  EXPECT_EQ(orphan.judged("no-zombies").verdict, Verdict::kConfirmed) << "its parent ended: init has it";
}

TEST(ClaimTest, FewChildrenAreNoProof) {
  Forking few;
  few.summary.activity.processes.resize(298);
  EXPECT_EQ(few.judged("no-zombies").verdict, Verdict::kUndecided);
  few.summary.activity.processes.clear();
  EXPECT_EQ(few.judged("no-zombies").verdict, Verdict::kUndecided) << "children, but none that ended";
}

TEST(ClaimTest, NeverWantsEnoughTrials) {
  World world;
  world.evidence.waking_deliveries = 298;
  EXPECT_EQ(world.judged("no-herd").verdict, Verdict::kUndecided);
  world.evidence.waking_deliveries = 299;
  EXPECT_EQ(world.judged("no-herd").verdict, Verdict::kConfirmed);
  world.evidence.herds = 1;
  EXPECT_EQ(world.judged("no-herd").verdict, Verdict::kRefuted);
}

TEST(ClaimTest, WhatARecordingCannotTellIsNotApplicable) {
  EXPECT_EQ(World().judged("no-zombies").verdict, Verdict::kNotApplicable);
}

TEST(ClaimTest, JUnitLetsNothingUndecidedPass) {
  World world;
  world.server(WaitClass::kUndetermined);
  const std::string xml = claims_junit({world.judged("event-driven"), world.judged("p99(waking..running) < 1us")});
  EXPECT_NE(xml.find("failures=\"0\" errors=\"2\""), std::string::npos) << xml;
  EXPECT_NE(xml.find("p99(waking..running) &lt; 1us"), std::string::npos) << xml;
}

}  // namespace
}  // namespace wp::judge
