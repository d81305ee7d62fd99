// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/stream/sorter.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/support/collector.hpp"
#include "tests/support/recording.hpp"

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using wp::stream::Sorter;
using wp::stream::SorterCounts;
using wp::test::bytes_of_events;
using wp::test::Collector;

// Everything after the time, CPU and number of a task event would only make the expectations longer.
std::vector<std::string> sorted(const std::vector<std::string>& feeds, SorterCounts* counts = nullptr) {
  Collector collector;
  Sorter sorter(collector);
  for (const std::string& feed : feeds) sorter.feed(bytes_of_events(feed));
  sorter.end();
  EXPECT_EQ(collector.ends, 1);
  if (counts != nullptr) *counts = sorter.counts();
  return collector.lines;
}

TEST(SorterTest, RecordsComeInOrderOfTimeWhateverRingWasEmptiedFirst) {
  EXPECT_THAT(sorted({"30 cpu=0 seq=1 task\n50 cpu=0 seq=2 task", "20 cpu=1 seq=1 task\n40 cpu=1 seq=2 task"}),
              ElementsAre("20 cpu=1 seq=1 task", "30 cpu=0 seq=1 task", "40 cpu=1 seq=2 task", "50 cpu=0 seq=2 task"));
}

TEST(SorterTest, AClockTieIsBrokenByCpuThenNumber) {
  EXPECT_THAT(sorted({"10 cpu=1 seq=1 task\n10 cpu=0 seq=2 task\n10 cpu=0 seq=1 task"}),
              ElementsAre("10 cpu=0 seq=1 task", "10 cpu=0 seq=2 task", "10 cpu=1 seq=1 task"));
}

TEST(SorterTest, RecordsOfTheCollectorThatTieInEverythingHaveOneOrder) {
  const std::string a = "10 counters hook=1";
  const std::string b = "10 counters hook=2";
  EXPECT_EQ(sorted({a, b}), sorted({b, a}));
}

TEST(SorterTest, AWatermarkLetsPassWhatIsEarlierThanTheOneBefore) {
  Collector collector;
  Sorter sorter(collector);
  sorter.feed(bytes_of_events("10 task\n30 cpu=1 task\n35 watermark upto_ns=20"));
  EXPECT_THAT(collector.lines, ElementsAre());
  sorter.feed(bytes_of_events("20 seq=2 task\n25 cpu=1 seq=2 task\n45 watermark upto_ns=40"));
  EXPECT_THAT(collector.lines, ElementsAre("10 cpu=0 seq=1 task"));
  sorter.feed(bytes_of_events("55 watermark upto_ns=50"));
  EXPECT_THAT(collector.lines, ElementsAre("10 cpu=0 seq=1 task", "20 cpu=0 seq=2 task", "25 cpu=1 seq=2 task",
                                           "30 cpu=1 seq=1 task", "35 cpu=0 seq=0 watermark upto_ns=20"));
  sorter.end();
  EXPECT_EQ(collector.lines.size(), 7u);
}

TEST(SorterTest, AHoleInTheNumbersIsALossBetweenItsNeighbours) {
  SorterCounts counts;
  EXPECT_THAT(sorted({"10 seq=1 task\n20 cpu=1 seq=1 task\n30 cpu=1 seq=2 task\n40 seq=5 task"}, &counts),
              ElementsAre("10 cpu=0 seq=1 task", "20 cpu=1 seq=1 task", "30 cpu=1 seq=2 task",
                          "40 cpu=0 loss why=ring_full from_ns=10 to_ns=40 count=3", "40 cpu=0 seq=5 task"));
  EXPECT_EQ(counts.lost, 3u);
  EXPECT_EQ(counts.events, 4u);
}

TEST(SorterTest, AHoleBeforeTheFirstRecordReachesBackToTheStart) {
  EXPECT_THAT(sorted({"10 cpu=1 seq=3 task"}),
              ElementsAre("10 cpu=1 loss why=ring_full from_ns=0 to_ns=10 count=2", "10 cpu=1 seq=3 task"));
}

TEST(SorterTest, ANestedInterruptWithALaterNumberAndAnEarlierTimeIsNoHole) {
  SorterCounts counts;
  EXPECT_THAT(sorted({"10 seq=1 task\n20 seq=3 task\n21 seq=2 task\n30 seq=4 task"}, &counts),
              ElementsAre("10 cpu=0 seq=1 task", "20 cpu=0 seq=3 task", "21 cpu=0 seq=2 task", "30 cpu=0 seq=4 task"));
  EXPECT_EQ(counts.lost, 0u);
  EXPECT_EQ(counts.repeated, 0u);
}

TEST(SorterTest, ANestedInterruptAcrossAWatermarkIsNoHole) {
  SorterCounts counts;
  sorted(
      {"10 seq=1 task\n20 seq=3 task\n25 watermark upto_ns=21", "21 seq=2 task\n30 seq=4 task\n41 watermark upto_ns=40",
       "50 seq=5 task\n60 watermark upto_ns=60", "70 watermark upto_ns=70"},
      &counts);
  EXPECT_EQ(counts.lost, 0u);
  EXPECT_EQ(counts.repeated, 0u);
}

TEST(SorterTest, ALateRecordIsPassedOnAndMarked) {
  SorterCounts counts;
  EXPECT_THAT(
      sorted({"10 seq=1 task\n30 watermark upto_ns=20", "40 watermark upto_ns=35", "5 cpu=1 seq=1 task"}, &counts),
      ElementsAre("10 cpu=0 seq=1 task", "20 cpu=1 loss why=late from_ns=5 to_ns=20 count=0", "5 cpu=1 seq=1 task",
                  "30 cpu=0 seq=0 watermark upto_ns=20", "40 cpu=0 seq=0 watermark upto_ns=35"));
  EXPECT_EQ(counts.late, 1u);
}

TEST(SorterTest, ARecordTakenForLostThatComesAfterAllIsCounted) {
  SorterCounts counts;
  sorted({"10 seq=1 task\n12 seq=3 task\n20 watermark upto_ns=20", "40 watermark upto_ns=40", "11 seq=2 task"},
         &counts);
  EXPECT_EQ(counts.lost, 1u);
  EXPECT_EQ(counts.repeated, 1u);
  EXPECT_EQ(counts.late, 1u);
}

TEST(SorterTest, ARepeatedNumberIsPassedOnAndCounted) {
  SorterCounts counts;
  EXPECT_EQ(sorted({"10 seq=1 task\n11 seq=1 task\n12 seq=2 task"}, &counts).size(), 3u);
  EXPECT_EQ(counts.repeated, 1u);
  EXPECT_EQ(counts.lost, 0u);
}

TEST(SorterTest, DamageIsALossOfAllCpusAndIsBlamedForTheHolesAroundIt) {
  Collector collector;
  Sorter sorter(collector);
  sorter.feed(bytes_of_events("10 seq=1 task\n11 cpu=1 seq=1 task\n12 cpu=1 seq=3 task"));
  sorter.damaged(15, 30);
  sorter.feed(bytes_of_events("40 seq=4 task"));
  sorter.end();
  EXPECT_THAT(collector.lines,
              ElementsAre("10 cpu=0 seq=1 task", "11 cpu=1 seq=1 task",
                          "12 cpu=1 loss why=ring_full from_ns=11 to_ns=12 count=1", "12 cpu=1 seq=3 task",
                          "30 cpu=all loss why=damaged from_ns=15 to_ns=30 count=0",
                          "40 cpu=0 loss why=damaged from_ns=10 to_ns=40 count=2", "40 cpu=0 seq=4 task"));
}

TEST(SorterTest, BytesThatAreNoRecordAreALoss) {
  auto bytes = bytes_of_events("10 seq=1 task");
  bytes.resize(bytes.size() + 64);
  Collector collector;
  Sorter sorter(collector);
  sorter.feed(bytes);
  sorter.feed(bytes_of_events("20 seq=3 task"));
  sorter.end();
  EXPECT_EQ(sorter.counts().undecodable_bytes, 64u);
  ASSERT_EQ(collector.lines.size(), 4u);
  EXPECT_THAT(collector.lines[0], HasSubstr("cpu=all loss why=undecodable from_ns=10"));
  EXPECT_THAT(collector.lines[2], HasSubstr("cpu=0 loss why=undecodable from_ns=10 to_ns=20 count=1"));
}

TEST(SorterTest, ARecordOfUnknownKindIsLeftOutButItsNumberCounts) {
  auto bytes = bytes_of_events("10 seq=1 task\n20 seq=2 task\n30 seq=3 task");
  const std::size_t second = bytes.size() / 3;
  bytes[second + 16] = std::byte{99};  // its kind
  Collector collector;
  Sorter sorter(collector);
  sorter.feed(bytes);
  sorter.end();
  EXPECT_THAT(collector.lines, ElementsAre("10 cpu=0 seq=1 task", "30 cpu=0 seq=3 task"));
  EXPECT_EQ(sorter.counts().unknown_kinds, 1u);
  EXPECT_EQ(sorter.counts().lost, 0u);
}

TEST(SorterTest, TheLatestOfAllTimesIsPassedOnToo) {
  EXPECT_EQ(
      sorted({"18446744073709551615 seq=1 task\n18446744073709551615 watermark upto_ns=18446744073709551615"}).size(),
      2u);
}

// --- the same records in any arrival order ---

struct Made {
  std::uint64_t ts_ns;
  std::vector<std::byte> bytes;
};

// Records of four CPUs over ten watermarks, with holes, ties, and nested interrupts (number and time swapped).
std::vector<Made> make_records(std::mt19937& random, std::uint32_t longest_nesting_ns) {
  std::vector<Made> records;
  for (int cpu = 0; cpu < 4; ++cpu) {
    std::uint64_t ts_ns = 0;
    std::uint64_t seq = 0;
    while (ts_ns < 1000) {
      ts_ns += random() % 8;
      ++seq;
      if (random() % 10 == 0) seq += random() % 3;
      // The interrupted record read its clock after the nested one.
      const std::uint64_t own_ns = random() % 6 == 0 ? ts_ns + random() % longest_nesting_ns : ts_ns;
      const std::string text = fmt::format("{} cpu={} seq={} task tid={}", own_ns, cpu, seq, random() % 100);
      records.push_back({own_ns, bytes_of_events(text)});
    }
  }
  for (int i = 0; i < 20; ++i) {
    const std::uint64_t ts_ns = random() % 1000;
    records.push_back({ts_ns, bytes_of_events(fmt::format("{} counters hook={}", ts_ns, random() % 3))});
  }
  return records;
}

// Puts each record somewhere before the first watermark that promises it.
std::vector<std::byte> one_arrival_order(const std::vector<Made>& records, std::mt19937& random) {
  std::vector<std::vector<const Made*>> before(11);
  for (const Made& record : records) {
    const std::size_t latest = std::min<std::size_t>(record.ts_ns / 100, 10);
    before[random() % 2 == 0 ? latest : random() % (latest + 1)].push_back(&record);
  }
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < before.size(); ++i) {
    std::shuffle(before[i].begin(), before[i].end(), random);
    for (const Made* record : before[i]) bytes.insert(bytes.end(), record->bytes.begin(), record->bytes.end());
    const auto mark = bytes_of_events(fmt::format("{0} watermark upto_ns={0}", (i + 1) * 100));
    bytes.insert(bytes.end(), mark.begin(), mark.end());
  }
  return bytes;
}

std::vector<std::string> sorted_in_pieces(wp::event::Bytes bytes, std::mt19937& random) {
  Collector collector;
  Sorter sorter(collector);
  while (!bytes.empty()) {
    const wp::event::Bytes start = bytes;
    for (auto i = random() % 200 + 1; i > 0 && !bytes.empty(); --i) wp::event::take_record(bytes);
    sorter.feed(start.first(start.size() - bytes.size()));
  }
  sorter.end();
  EXPECT_EQ(sorter.counts().late, 0u);
  EXPECT_EQ(sorter.counts().undecodable_bytes, 0u);
  return collector.lines;
}

std::uint64_t time_of(const std::string& line) { return std::stoull(line); }

TEST(SorterTest, EveryLegalArrivalOrderGivesTheSameOutput) {
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    std::mt19937 random(seed);
    // Every other time a nested interrupt lasts longer than from one watermark to the next.
    const auto records = make_records(random, seed % 2 == 0 ? 30 : 300);
    const auto first = sorted_in_pieces(one_arrival_order(records, random), random);
    EXPECT_TRUE(std::is_sorted(first.begin(), first.end(),
                               [](const auto& a, const auto& b) { return time_of(a) < time_of(b); }));
    EXPECT_TRUE(std::any_of(first.begin(), first.end(), [](const auto& l) { return l.find("loss") != l.npos; }));
    for (int round = 0; round < 10; ++round) {
      ASSERT_EQ(sorted_in_pieces(one_arrival_order(records, random), random), first) << "seed " << seed;
    }
  }
}

// What the holes say, against plain counting: every number up to the last is an event or part of one loss.
TEST(SorterTest, EventsAndLossesAddUpToTheLastNumberOfEveryCpu) {
  for (std::uint32_t seed = 100; seed < 140; ++seed) {
    std::mt19937 random(seed);
    const auto records = make_records(random, 30);
    std::uint64_t last_numbers = 0;
    std::uint64_t numbered = 0;
    std::vector<std::uint64_t> last(4);
    for (const Made& record : records) {
      wp::event::Bytes rest = record.bytes;
      const auto raw = wp::event::take_record(rest);
      if (raw->header.kind >= WP_KIND_first_of_collector) continue;
      ++numbered;
      last[raw->header.cpu] = std::max(last[raw->header.cpu], raw->header.seq);
    }
    for (const std::uint64_t seq : last) last_numbers += seq;
    Collector collector;
    Sorter sorter(collector);
    sorter.feed(one_arrival_order(records, random));
    sorter.end();
    EXPECT_EQ(sorter.counts().lost, last_numbers - numbered) << "seed " << seed;
    EXPECT_EQ(sorter.counts().repeated, 0u);
  }
}

}  // namespace
