// SPDX-License-Identifier: GPL-2.0-or-later
// Whatever is unaccounted for must show, and what a lost firing may have hidden must not look certain.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/recording.hpp"
#include "userspace/reconstruct/reconstructor.hpp"
#include "userspace/stream/sorter.hpp"

namespace wp::reconstruct {
namespace {

struct Outcome {
  model::Summary summary;
  std::vector<model::Path> paths;
};

Outcome outcome_of(const std::string& text) {
  Outcome out;
  Reconstructor reconstructor([&](const model::Path& path) { out.paths.push_back(path); });
  stream::Sorter sorter(reconstructor);
  sorter.feed(test::bytes_of_events(text));
  sorter.end();
  out.summary = reconstructor.summary();
  return out;
}

model::Books books_of(const std::string& text) { return outcome_of(text).summary.books; }

const std::string kTwoRecords = "10 cpu=0 seq=1 task tid=1\n20 cpu=0 seq=2 task tid=2\n";

TEST(BooksTest, WholeBooksHaveNoDifference) {
  const auto books = books_of(kTwoRecords +
                              "90 counters hook=10 of_cpu=0 fired=7 self=1 filtered=2 noted=1 map_full=1 submitted=2\n"
                              "90 ring of_cpu=0 received=2 written=2 taken=2");
  EXPECT_EQ(books.hooks_difference, 0u);
  EXPECT_EQ(books.rings_difference, 0u);
  EXPECT_EQ(books.fired, 7u);
  EXPECT_EQ(books.in_file, 2u);
}

TEST(BooksTest, TwoHooksThatAreOffByOneInOppositeDirectionsDoNotCancel) {
  const auto books =
      books_of("90 counters hook=1 of_cpu=0 fired=3 noted=2\n90 counters hook=1 of_cpu=1 fired=3 noted=4");
  EXPECT_EQ(books.hooks_difference, 2u);
}

TEST(BooksTest, EveryTermOfARingIsHeldAgainstTheNext) {
  const std::string counted = kTwoRecords + "90 counters hook=10 of_cpu=0 fired=2 submitted=2\n";
  EXPECT_EQ(books_of(counted + "90 ring of_cpu=0 received=2 written=2 taken=2").rings_difference, 0u);
  EXPECT_EQ(books_of(counted + "90 ring of_cpu=0 received=1 written=1 taken=2").rings_difference, 2u);
  EXPECT_EQ(books_of(counted + "90 ring of_cpu=0 received=2 written=1 taken=2").rings_difference, 2u);
  EXPECT_EQ(books_of(counted + "90 ring of_cpu=0 received=2 written=1 dropped=1 taken=2").rings_difference, 1u);
  // A number taken that no counter knows is missing in the file too: twice.
  EXPECT_EQ(books_of(counted + "90 ring of_cpu=0 received=2 written=2 taken=3").rings_difference, 2u);
}

TEST(BooksTest, EventsOlderThanOneBeforeThemAreCountedAndTold) {
  Reconstructor reconstructor([](const model::Path&) {});
  for (const std::uint64_t ns : {100U, 90U, 95U, 120U}) {
    wp_task r{};
    r.h.kind = WP_KIND_task;
    r.h.ts_ns = ns;
    reconstructor.on(event::Event{r});
  }
  reconstructor.end();
  const model::Summary& summary = reconstructor.summary();
  EXPECT_EQ(summary.clock_regressions, 2u);
  EXPECT_EQ(summary.last_ns, 120u);
  const auto told = std::find_if(summary.diagnostics.begin(), summary.diagnostics.end(),
                                 [](const model::Diagnostic& d) { return d.name == std::string("clock_regressions"); });
  ASSERT_NE(told, summary.diagnostics.end());
  EXPECT_EQ(told->count, 2u);
}

TEST(BooksTest, NumbersTakenAfterTheLastRecordAreAGapToTheLastBooks) {
  const auto out = outcome_of(kTwoRecords +
                              "90 counters hook=10 of_cpu=0 fired=5 ring_full=3 submitted=2\n"
                              "90 ring of_cpu=0 received=2 written=2 taken=5");
  EXPECT_EQ(out.summary.books.rings_difference, 0u);
  ASSERT_EQ(out.summary.gaps.size(), 1u);
  EXPECT_EQ(out.summary.gaps[0].from_ns, 20u);
  EXPECT_EQ(out.summary.gaps[0].to_ns, 90u);
  EXPECT_EQ(out.summary.gaps[0].count, 3u);
  EXPECT_EQ(out.summary.events_lost, 3u);
}

TEST(BooksTest, AHooksLossHasItsPlaceBetweenTwoWritings) {
  const auto books = books_of(kTwoRecords +
                              "100 ring of_cpu=0 received=2 written=2 taken=2\n"
                              "200 counters hook=10 of_cpu=0 fired=4 ring_full=2 submitted=2\n"
                              "200 ring of_cpu=0 received=2 written=2 taken=4\n"
                              "300 ring of_cpu=0 received=2 written=2 taken=4");
  ASSERT_EQ(books.lost.size(), 1u);
  EXPECT_EQ(books.lost[0].hook, 10u);
  EXPECT_EQ(books.lost[0].from_ns, 100u);
  EXPECT_EQ(books.lost[0].to_ns, 200u);
  EXPECT_EQ(books.lost[0].ring_full, 2u);
}

// A reader that was running all the time, so that no wake was needed; then the books of 9 us.
std::string read_without_wake(const std::string& books) {
  return "1000 cpu=0 seq=1 task start_ns=7 tid=42 pid=42 ppid=1 comm=\"srv\"\n"
         "1000 cpu=0 seq=2 socket cookie=7 local_port=80 peer_port=4007 family=2 protocol=6 type=1 state=1\n"
         "2000 cpu=1 seq=1 run start_ns=7 off_ns=1500 tid=42 pid=42\n"
         "2500 cpu=0 ring of_cpu=0 received=2 written=2 taken=2\n"
         "5000 cpu=0 seq=3 delivery cookie=7 end=64 skb=0xa00 softirq_ns=4700 driver_ns=4600 stack_ns=4800 "
         "protocol_ns=4900 unread=64 len=116 ifindex=1 level=1 softirq_how=3 driver_hook=6 netns=9\n"
         "7800 cpu=1 seq=2 read_call start_ns=7 enter_ns=7500 copied_ns=7700 cookie=7 end=64 ret=64 tid=42 pid=42 "
         "fd=5 file_kind=1\n" +
         books + "9000 cpu=0 ring of_cpu=0 received=3 written=3 taken=3\n";
}

TEST(BooksTest, AFiringLeftOutMakesAWakeThatWasNotSeenUnknown) {
  const auto sure = outcome_of(read_without_wake(""));
  ASSERT_EQ(sure.paths.size(), 1u);
  EXPECT_NE(sure.paths[0].wake.why, model::Reason::kLost);
  const auto missed = outcome_of(read_without_wake(
      fmt::format("9000 counters hook={} of_cpu={} missed=1\n", int{WP_HOOK_sched__waking}, WP_ALL_CPUS)));
  ASSERT_EQ(missed.paths.size(), 1u);
  EXPECT_EQ(missed.paths[0].wake.why, model::Reason::kLost);
  EXPECT_TRUE(missed.paths[0].loss_nearby);
  EXPECT_FALSE(model::is_complete(missed.paths[0]));
  EXPECT_EQ(missed.summary.books.missed, 1u);
}

TEST(BooksTest, AFiringLeftOutOfAStageThatWasSeenTakesNothingAway) {
  const auto out = outcome_of(read_without_wake(
      fmt::format("9000 counters hook={} of_cpu={} missed=1\n", int{WP_HOOK_stack__tcp_probe}, WP_ALL_CPUS)));
  ASSERT_EQ(out.paths.size(), 1u);
  EXPECT_TRUE(out.paths[0].at(model::Stage::kProtocol).has_time());
  EXPECT_FALSE(out.paths[0].loss_nearby);
}

TEST(BooksTest, AFiringLeftOutLongBeforeTakesNothingAway) {
  const auto out = outcome_of(fmt::format("800 counters hook={} of_cpu={} missed=1\n900 cpu=0 ring of_cpu=0\n",
                                          int{WP_HOOK_sched__waking}, WP_ALL_CPUS) +
                              read_without_wake(""));
  ASSERT_EQ(out.paths.size(), 1u);
  EXPECT_FALSE(out.paths[0].loss_nearby);
}

}  // namespace
}  // namespace wp::reconstruct
