// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/summary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/path_builder.hpp"
#include "tests/support/schema.hpp"

namespace wp::report {
namespace {

using model::Path;
using model::Reason;
using model::Seen;
using model::Stage;
using testing::HasSubstr;
using testing::Not;

Path not_woken(Path path) {
  for (const Stage stage : {Stage::kWaking, Stage::kRunnable, Stage::kRunning}) {
    path.at(stage) = {Seen::kNotNeeded, Reason::kRunning, 0, -1};
  }
  path.wake.needed = false;
  path.wake.certainty = Seen::kNotNeeded;
  path.wake.why = Reason::kRunning;
  path.wake.mechanism = model::Mechanism::kNone;
  return path;
}

// Four reads of one thread: two woken, one of them with two deliveries; two found running.
Report four_reads() {
  Report report;
  Path path = test::loopback_path().path;
  for (const std::uint64_t read : {1U, 1U, 2U}) {
    path.id++;
    path.read_id = read;
    report.on_path(path);
  }
  for (const std::uint64_t read : {3U, 4U}) {
    path.id++;
    path.read_id = read;
    report.on_path(not_woken(path));
  }
  return report;
}

model::RecordingInfo some_info() {
  model::RecordingInfo info;
  info.tool_version = "0.1.0";
  info.kernel = "6.1.0";
  info.host_arch = "x86_64";
  info.target = "port 7777";
  info.cpus = 2;
  info.closed_cleanly = true;
  return info;
}

model::Summary some_summary() {
  model::Summary summary;
  summary.first_ns = 1'000'000'000;
  summary.last_ns = 3'000'000'000;
  summary.events = 60;
  summary.wakes_by_delivery = 2;
  return summary;
}

std::string rendered(const model::RecordingInfo& info, const model::Summary& summary, const Report& report) {
  Style style;
  style.utf8 = false;
  return render_summary(info, summary, report, style, "a.wkp");
}

TEST(SummaryTest, AWholeReport) {
  EXPECT_EQ(rendered(some_info(), some_summary(), four_reads()),
            R"(wakepath report of a.wkp
  traced      port 7777
  kernel      6.1.0 x86_64, 2 CPUs, recorded by wakepath 0.1.0
  duration    2.00 s, 60 events, closed cleanly
  requests    5 paths of 4 reads, 5 complete (100 %)
  lost        0 events

where the time went (from the stage before to this one)
stage           paths    p50 us    p90 us    p99 us  p99.9 us    max us   share
hw                  0         -         -         -         -         -       -
irq                 0         -         -         -         -         -       -
driver              5  begin here
raise               5      1.00      1.00      1.00      1.00      1.00   5.0 %
softirq             5      1.00      1.00      1.00      1.00      1.00   5.0 %
stack               5      2.00      2.00      2.00      2.00      2.00  10.0 %
protocol            5      3.00      3.00      3.00      3.00      3.00  15.0 %
queued              5      2.00      2.00      2.00      2.00      2.00  10.0 %
waking              3      1.00      1.00      1.00      1.00      1.00   3.0 %
runnable            3      1.00      1.00      1.00      1.00      1.00   3.0 %
running             3      4.00      4.00      4.00      4.00      4.00  12.0 %
returned            5      1.00      7.00      7.00      7.00      7.00  17.0 %
read                5      2.00      2.00      2.00      2.00      2.00  10.0 %
copied              5      1.00      1.00      1.00      1.00      1.00   5.0 %
done                5      1.00      1.00      1.00      1.00      1.00   5.0 %
unknown             0         -         -         -         -         -       -
total               5     20.00     20.00     20.00     20.00     20.00   100 %
reply               5      4.00      4.00      4.00      4.00      4.00       -
xmit                5      1.00      1.00      1.00      1.00      1.00       -

stages without a time of their own, and inferred ones
hw                  5  not applicable  no interrupt: loopback
irq                 5  not applicable  no interrupt: loopback
waking              2  not needed      the reader was running
runnable            2  not needed      the reader was running
running             2  not needed      the reader was running

how readers waited (the kernel's wait queue when the data arrived)
  nobody waiting 40.0 %, epoll 60.0 %
  server pid 4240 tid 4242        5 paths: nobody waiting 40.0 %, epoll 60.0 %; 2 of 4 reads woken

wakes
  0.500 per request: 2 by deliveries, for 4 reads
            3 paths  needed a wake
            2 paths  no wake needed: the reader was running

transport
  tcp         5 paths
  lo          5 paths (loopback)
  dropped     0

loss
  0 events lost, 0 paths near a loss

slowest: #8 20.0 us
Next: wakepath show a.wkp --percentile 99
)");
}

TEST(SummaryTest, LossGapsAndMissingHooksAreNeverLeftOut) {
  model::RecordingInfo info = some_info();
  info.closed_cleanly = false;
  info.hooks.push_back({"stack__tcp_probe", "tcp_probe", "protocol", "not in this kernel", false});
  info.hooks.push_back({"stack__receive", "netif_receive_skb", "stack", "", true});
  model::Summary summary = some_summary();
  summary.events_lost = 12;
  summary.damaged_blocks = 1;
  summary.gaps.push_back({1, 1'500'000'000, 1'600'000'000, 12, "ring full"});
  summary.gaps.push_back({~0U, 0, 2'000'000'000, 1, "damaged block"});
  summary.drop_reasons["SOCKET_RCVBUFF"] = 3;
  summary.diagnostics.push_back(
      {"late_event", model::Diagnostic::Severity::kDataLoss, 4, "events came too late to be sorted"});
  const std::string text = rendered(info, summary, four_reads());
  EXPECT_THAT(text, HasSubstr("lost        12 events, 1 damaged block"));
  EXPECT_THAT(text, HasSubstr("NOT closed cleanly"));
  EXPECT_THAT(text, HasSubstr("  CPU 1  0.500000..0.600000 s  12 events lost: ring full\n"));
  EXPECT_THAT(text, HasSubstr("  some CPU  before..1.000000 s  1 event lost: damaged block\n"));
  EXPECT_THAT(text, HasSubstr("  tcp_probe: not in this kernel; stage affected: protocol\n"));
  EXPECT_THAT(text, Not(HasSubstr("netif_receive_skb:")));
  EXPECT_THAT(text, HasSubstr("  dropped     3  SOCKET_RCVBUFF\n"));
  EXPECT_THAT(text, HasSubstr("  data_loss  4 late_event: events came too late to be sorted\n"));
}

TEST(SummaryTest, AHookThatNothingNeededIsNotMissing) {
  model::RecordingInfo info = some_info();
  info.hooks.push_back(
      {"napi__netif_rx", "netif_rx_entry", "driver", "not needed: every driver was seen by other hooks", false});
  EXPECT_THAT(rendered(info, some_summary(), four_reads()), Not(HasSubstr("missing hooks")));
  const nlohmann::json recording = summary_json(info, some_summary(), four_reads())["recording"];
  EXPECT_TRUE(recording["missing_hooks"].empty());
  EXPECT_EQ(recording["hooks"][0]["attached"], false);
}

TEST(SummaryTest, TheBooksBalanceOrNameTheHookThatDoesNot) {
  model::RecordingInfo info = some_info();
  info.hooks.push_back({"sched__switch", "sched_switch", "running", "", true, 10, 1, 2, 3, 0, 0, 4});
  info.hooks.push_back({"stack__receive", "netif_receive_skb", "stack", "", true});
  model::Summary summary = some_summary();
  summary.books.fired = 10;
  summary.books.submitted = summary.books.received = summary.books.in_file = 4;
  summary.books.has_rings = true;
  EXPECT_THAT(rendered(info, summary, four_reads()),
              HasSubstr("  books: 10 firings, 4 records, 4 in the file; difference 0\n"));
  const nlohmann::json hook = summary_json(info, some_summary(), four_reads())["recording"]["hooks"][0];
  EXPECT_EQ(hook, nlohmann::json({{"name", "sched__switch"},
                                  {"tracepoint", "sched_switch"},
                                  {"attached", true},
                                  {"reason", ""},
                                  {"fired", 10},
                                  {"self", 1},
                                  {"filtered", 2},
                                  {"noted", 3},
                                  {"map_full", 0},
                                  {"ring_full", 0},
                                  {"submitted", 4},
                                  {"missed", 0}}));
  info.hooks[0].fired = 11;
  summary.books.hooks_difference = 1;
  EXPECT_THAT(rendered(info, summary, four_reads()), HasSubstr("; difference 1, sched_switch does not balance\n"));
}

TEST(SummaryTest, WhatAHookLostIsToldWithItsPlaceAndCause) {
  model::RecordingInfo info = some_info();
  info.hooks.push_back({"sched__switch", "sched_switch", "running", "", true});
  model::Summary summary = some_summary();
  const std::uint64_t begin = summary.first_ns;
  summary.books.lost = {{0, 1, 3, 0, 0, begin + 100'000'000, begin + 200'000'000}, {0, ~0U, 0, 0, 2, begin, begin + 5}};
  const std::string text = rendered(info, summary, four_reads());
  EXPECT_THAT(text, HasSubstr("  sched_switch on CPU 1  0.100000..0.200000 s  3 found the ring full\n"));
  EXPECT_THAT(text, HasSubstr("  sched_switch on some CPU  0.000000..0.000000 s  2 came while its program ran\n"));
  const nlohmann::json lost = summary_json(info, summary, four_reads())["loss"]["books"]["lost"];
  EXPECT_EQ(lost[0]["cpu"], 1);
  EXPECT_EQ(lost[1]["cpu"], nullptr);
  EXPECT_EQ(lost[1]["missed"], 2);
}

TEST(SummaryTest, NothingRecordedIsSaidAndNotZeroNanoseconds) {
  const std::string text = rendered({}, {}, Report());
  EXPECT_THAT(text, HasSubstr("0 paths of 0 reads, 0 complete (-)"));
  EXPECT_THAT(text, HasSubstr("No path has a total."));
  EXPECT_THAT(text, HasSubstr("traced      unknown"));
  EXPECT_THAT(text, HasSubstr("duration    unknown"));
}

TEST(SummaryTest, ManyGapsAreCountedNotSwallowed) {
  model::Summary summary = some_summary();
  summary.gaps.resize(60);
  EXPECT_THAT(rendered(some_info(), summary, four_reads()), HasSubstr("and 10 more: see --json"));
}

TEST(SummaryTest, HostileNamesNeverReachTheTerminalRaw) {
  const std::string hostile = "\x1b[2J\xff\n";
  model::RecordingInfo info = some_info();
  info.target = info.command = info.kernel = hostile;
  info.hooks.push_back({hostile, hostile, hostile, hostile, false});
  model::Summary summary = some_summary();
  summary.gaps.push_back({0, 0, 0, 1, hostile});
  summary.drop_reasons[hostile] = 1;
  summary.diagnostics.push_back({hostile, model::Diagnostic::Severity::kInfo, 1, hostile});
  Report report;
  Path path = test::loopback_path().path;
  path.task.comm = path.arrival.device = path.arrival.device_kind = hostile;
  report.on_path(path);
  Style style;
  for (const char c : render_summary(info, summary, report, style, hostile)) {
    ASSERT_TRUE(c == '\n' || (c >= 0x20 && c < 0x7f)) << static_cast<int>(c);
  }
  EXPECT_NO_THROW((void)summary_json(info, summary, report).dump()) << "a byte that is no UTF-8";
}

TEST(SummaryTest, JsonHoldsTheSameNumbersAndFitsItsSchema) {
  model::RecordingInfo info = some_info();
  info.hooks.push_back({"stack__tcp_probe", "tcp_probe", "protocol", "not in this kernel", false});
  info.hooks.push_back({"sched__switch", "sched_switch", "running", "", true, 10, 1, 2, 3, 0, 0, 4});
  model::Summary summary = some_summary();
  summary.gaps.push_back({~0U, 0, 2'000'000'000, 1, "damaged block"});
  summary.diagnostics.push_back({"late_event", model::Diagnostic::Severity::kDataLoss, 4, "events came too late"});
  const nlohmann::json json = summary_json(info, summary, four_reads());
  EXPECT_EQ(json["paths"], nlohmann::json({{"all", 5}, {"complete", 5}}));
  EXPECT_EQ(json["wakes"]["per_1000_reads"], 500);
  EXPECT_EQ(json["wakes"]["not_needed"], nlohmann::json({{"running", 2}}));
  EXPECT_EQ(json["threads"][0]["reads_woken"], 2);
  EXPECT_TRUE(json["loss"]["gaps"][0]["cpu"].is_null());
  const auto empty = summary_json({}, {}, Report());
  for (const auto& document : {json, empty}) {
    const auto verdict = test::validate(document.dump(), "report", test::Documents::kOne);
    if (!verdict.is_checked) GTEST_SKIP() << "python3-jsonschema is not installed";
    EXPECT_EQ(verdict.complaints, "");
  }
}

}  // namespace
}  // namespace wp::report
