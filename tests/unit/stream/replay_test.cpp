// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/stream/replay.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "tests/support/collector.hpp"
#include "tests/support/recording.hpp"
#include "tests/support/temp_dir.hpp"

namespace {

using testing::ElementsAre;
using wp::test::Collector;
using wp::test::TempDir;

TEST(ReplayTest, ARecordingBecomesEventsInOrder) {
  const TempDir dir;
  wp::test::write_recording(dir.file("a.wkp"), {"20 task tid=2", "10 cpu=1 task tid=1"});
  auto reader = wp::stream::RecordingReader::open(dir.file("a.wkp"));
  ASSERT_TRUE(reader);
  Collector collector;
  const auto replayed = wp::stream::replay(*reader, collector);
  EXPECT_THAT(collector.lines, ElementsAre("10 cpu=1 seq=1 task tid=1", "20 cpu=0 seq=1 task tid=2"));
  EXPECT_EQ(collector.ends, 1);
  EXPECT_EQ(replayed.counts.events, 2u);
  EXPECT_TRUE(replayed.closed_cleanly);
  EXPECT_EQ(replayed.damages, 0u);
}

TEST(ReplayTest, DamageBecomesALossInItsPlace) {
  const TempDir dir;
  const std::string path = dir.file("a.wkp");
  wp::test::write_recording(path, {"10 seq=1 task", "20 seq=2 task", "30 seq=3 task"});
  auto bytes = wp::test::read_file(path);
  auto reader = wp::stream::RecordingReader::open(path);
  ASSERT_TRUE(reader);
  // A bit of the second record block's payload: behind the header block and the first record block.
  std::size_t at = 0;
  for (int i = 0; i < 2; ++i) {
    wp::stream::BlockHeader header;
    std::memcpy(&header, bytes.data() + at, sizeof header);
    at += sizeof header + header.stored_len;
  }
  bytes[at + sizeof(wp::stream::BlockHeader)] ^= 4;
  wp::test::write_file(path, bytes);

  reader = wp::stream::RecordingReader::open(path);
  ASSERT_TRUE(reader);
  Collector collector;
  const auto replayed = wp::stream::replay(*reader, collector);
  EXPECT_THAT(collector.lines,
              ElementsAre("10 cpu=0 seq=1 task", "20 cpu=all loss why=damaged from_ns=20 to_ns=20 count=0",
                          "30 cpu=0 loss why=damaged from_ns=10 to_ns=30 count=1", "30 cpu=0 seq=3 task"));
  EXPECT_EQ(replayed.damages, 1u);
  ASSERT_EQ(replayed.damage.size(), 1u);
  EXPECT_EQ(replayed.damage[0].offset, at);
  EXPECT_TRUE(replayed.closed_cleanly);
}

}  // namespace
