// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/reconstruct/timeline_builder.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "userspace/event/text.hpp"

namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using wp::model::Lane;
using wp::model::SliceKind;
using wp::model::TimelineSlice;

// Slices of one lane as "name(kind a b) begin..end", with "<" and ">" where an end was not seen.
std::vector<std::string> slices(Lane lane, bool detailed, const std::string& events,
                                const std::vector<wp::event::Loss>& losses = {}) {
  std::vector<std::string> out;
  wp::reconstruct::TimelineBuilder builder(detailed, [&](const TimelineSlice& s) {
    if (s.lane != lane) return;
    out.push_back(fmt::format("{}({} {} {}) {}{}..{}{}", s.name, static_cast<int>(s.kind), s.a, s.b,
                              s.begin_seen ? "" : "<", s.begin_ns, s.end_ns, s.end_seen ? "" : ">"));
  });
  auto parsed = wp::event::parse_events(events);
  EXPECT_TRUE(parsed) << parsed.error().message;
  std::size_t next_loss = 0;
  for (const auto& event : *parsed) {
    const auto at = std::visit(
        [](const auto& e) -> std::uint64_t {
          if constexpr (requires { e.h; }) return e.h.ts_ns;
          return 0;
        },
        event);
    while (next_loss < losses.size() && losses[next_loss].to_ns <= at) builder.on(losses[next_loss++]);
    builder.on(event);
  }
  builder.end();
  return out;
}

TEST(TimelineBuilderTest, InterruptsSoftirqsAndPollsLieOnTheirCpu) {
  const std::string events =
      "10 name key=25 text=\"eth0-rx\"\n"
      "150 cpu_slice begin_ns=100 number=25 tid=7\n"
      "170 cpu_slice begin_ns=160 what=2\n"
      "260 cpu_slice begin_ns=200 what=3 number=33 work=4 budget=64\n"
      "270 cpu_slice begin_ns=200 what=1 number=3\n"
      "400 cpu_slice what=3 number=33 work=1 budget=8\n";
  EXPECT_THAT(slices(Lane::kCpuIrq, true, events), ElementsAre("eth0-rx(0 25 7) 100..150", "timer(1 0 0) 160..170"));
  EXPECT_THAT(slices(Lane::kCpuSoftirq, true, events), ElementsAre("NET_RX(2 3 0) 200..270"));
  // A poll outside of a softirq: when it began is not known, and is not made up.
  EXPECT_THAT(slices(Lane::kCpuNapi, true, events),
              ElementsAre("poll of NAPI 33(3 4 64) 200..260", "poll of NAPI 33(3 1 8) <400..400"));
}

TEST(TimelineBuilderTest, SwitchesBecomeTasksAndIdleIsAGap) {
  const std::string events =
      "100 task_switch next_tid=5 next_pid=5 next_comm=\"a\"\n"
      "200 task_switch prev_tid=5 prev_state=1\n"
      "300 task_switch next_tid=6 next_pid=6 flags=1 next_comm=\"kworker\"\n"
      "350 task_switch prev_tid=6 next_tid=5 next_pid=5 flags=2 next_comm=\"a\"\n";
  EXPECT_THAT(slices(Lane::kCpuTask, true, events),
              ElementsAre("before the first switch seen(17 0 0) 100..100", "a(5 5 1) 100..200",
                          "kworker(6 6 0) 300..350", "a(4 5 0) 350..350>"));
}

TEST(TimelineBuilderTest, ASwitchThatWasNotReportedLeavesAnUnknown) {
  const std::string events =
      "100 task_switch next_tid=5 next_pid=5 next_comm=\"a\"\n"
      "300 task_switch prev_tid=6 next_tid=7 next_pid=7 next_comm=\"c\"\n"
      "400 task_switch prev_tid=7\n";
  EXPECT_THAT(slices(Lane::kCpuTask, true, events),
              ElementsAre(testing::_, "a switch was not reported(17 6 0) 100..300", "c(5 7 0) 300..400"));
}

TEST(TimelineBuilderTest, AfterALossWhoRunsIsNotKnown) {
  const std::string events =
      "100 task_switch next_tid=5 next_pid=5 next_comm=\"a\"\n"
      "900 task_switch prev_tid=5 next_tid=7 next_pid=7 next_comm=\"c\"\n";
  const wp::event::Loss loss{200, 600, 0, 3, wp::event::Loss::Why::kRingFull};
  EXPECT_THAT(
      slices(Lane::kCpuTask, true, events, {loss}),
      ElementsAre(testing::_, "a(5 5 0) 100..200>", "records were lost(17 5 0) 200..900", "c(5 7 0) 900..900>"));
}

TEST(TimelineBuilderTest, ARunAndItsSwitchAreOneMoment) {
  const std::string events =
      "100 task_switch prev_tid=9\n"
      "200 run start_ns=1 off_ns=50 waking_ns=150 tid=5 pid=5 off_state=1\n"
      "210 task_switch next_tid=5 next_pid=5 flags=2 next_comm=\"a\"\n"
      "300 task_switch prev_tid=5 prev_state=1\n";
  EXPECT_THAT(slices(Lane::kCpuTask, true, events), ElementsAre(testing::_, "a(4 5 1) 200..300"));
}

TEST(TimelineBuilderTest, AThreadIsBlockedInTheCallThatReturnsLater) {
  const std::string events =
      "1 name key=232 space=4 text=\"epoll_wait\"\n"
      "50 task start_ns=1 tid=5 pid=5 comm=\"srv\"\n"
      "100 run start_ns=1 tid=5 pid=5 waking_ns=90\n"
      "500 cpu=1 run start_ns=1 off_ns=200 waking_ns=400 tid=5 pid=5 off_state=1 prev_tid=9\n"
      "600 cpu=1 wait_call start_ns=1 enter_ns=150 ret=3 tid=5 pid=5 fd=4 nr=232\n"
      "900 cpu=1 run start_ns=1 off_ns=700 tid=5 pid=5\n";
  EXPECT_THAT(slices(Lane::kThreadState, true, events),
              ElementsAre("(11 0 0) <50..90", "runnable(9 0 0) 90..100", "running(8 0 0) 100..200",
                          "epoll_wait(11 1 0) 200..400", "runnable(9 1 9) 400..500", "running(8 1 0) 500..700",
                          "preempted(10 1 0) 700..900", "running(8 1 0) 900..900>"));
  EXPECT_THAT(slices(Lane::kThreadCall, true, events), ElementsAre("epoll_wait(12 3 4) 150..600"));
}

TEST(TimelineBuilderTest, UnreadBytesAreASliceForEachLevel) {
  const std::string events =
      "100 delivery cookie=7 end=64 unread=64\n"
      "200 delivery cookie=7 begin=64 end=100 unread=100\n"
      "300 read_call start_ns=1 enter_ns=240 copied_ns=250 cookie=7 end=64 ret=64 tid=5 unread=36\n"
      "400 read_call start_ns=1 enter_ns=340 copied_ns=350 cookie=7 begin=64 end=100 ret=36 tid=5\n";
  EXPECT_THAT(slices(Lane::kSocketUnread, true, events),
              ElementsAre("unread(16 64 0) 100..200", "unread(16 100 0) 200..250", "unread(16 36 0) 250..350"));
}

TEST(TimelineBuilderTest, ADeliveryBetweenCopyAndReturnKeepsItsCount) {
  const std::string events =
      "100 delivery cookie=7 end=64 unread=64\n"
      "260 delivery cookie=7 begin=64 end=100 unread=36\n"
      "300 read_call start_ns=1 enter_ns=240 copied_ns=250 cookie=7 end=64 ret=64 tid=5\n"
      "400 read_call start_ns=1 enter_ns=340 copied_ns=350 cookie=7 begin=64 end=100 ret=36 tid=5\n";
  EXPECT_THAT(slices(Lane::kSocketUnread, true, events),
              ElementsAre("unread(16 64 0) 100..260", "unread(16 36 0) 260..350"));
}

TEST(TimelineBuilderTest, WithoutDetailASoftirqLastsUntilItsLastDelivery) {
  const std::string events =
      "150 delivery cookie=7 end=64 softirq_ns=100 irq_ns=80 irq=25 level=1\n"
      "170 delivery cookie=8 end=64 softirq_ns=100 irq_ns=80 irq=25 level=1\n"
      "300 run start_ns=1 tid=5 pid=5 waking_ns=200\n"
      "400 run start_ns=1 off_ns=350 waking_ns=380 tid=5 pid=5 off_state=1\n";
  EXPECT_THAT(slices(Lane::kCpuSoftirq, false, events), ElementsAre("NET_RX(2 3 0) 100..170>"));
  EXPECT_THAT(slices(Lane::kCpuIrq, false, events), ElementsAre("(0 25 0) 80..80>"));
  EXPECT_THAT(slices(Lane::kCpuTask, false, events), ElementsAre("(4 5 1) 300..350", "(4 5 0) 400..400>"));
  EXPECT_THAT(slices(Lane::kCpuNapi, false, events), IsEmpty());
}

}  // namespace
