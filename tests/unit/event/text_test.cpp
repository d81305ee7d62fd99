// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/event/text.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "userspace/event/decode.hpp"
#include "userspace/event/fields.hpp"

namespace {

using wp::event::parse_event;
using wp::event::parse_events;
using wp::event::to_text;

std::string wrong_with(std::string_view line) {
  auto event = parse_event(line);
  return event ? "" : event.error().message;
}

TEST(EventTextTest, AnEventIsOneLineOfItsNonZeroFields) {
  wp_delivery delivery{};
  delivery.h = {.ts_ns = 1000, .seq = 7, .kind = WP_KIND_delivery, .size = sizeof delivery, .cpu = 1};
  delivery.cookie = 5;
  delivery.end = 64;
  delivery.w_fd = -1;
  EXPECT_EQ(to_text(delivery), "1000 cpu=1 seq=7 delivery cookie=5 end=64 w_fd=-1");
}

TEST(EventTextTest, NamesAreQuotedAndAddressesHex) {
  wp_socket socket{};
  socket.h.kind = WP_KIND_socket;
  socket.local = {{127, 0, 0, 1}};
  EXPECT_EQ(to_text(socket), "0 cpu=0 seq=0 socket local=7f000001");
  wp_task task{};
  std::memcpy(task.comm.s, "a \"b\x1b\xff=", 8);
  EXPECT_EQ(to_text(task), R"(0 cpu=0 seq=0 task comm="a \"b\x1b\xff=")");
}

TEST(EventTextTest, ALineIsRead) {
  const auto event = parse_event(R"(  20 cpu=2 seq=0x10 task tid=42 why=7 comm="a b\x0a\"" )");
  ASSERT_TRUE(event);
  const auto& task = std::get<wp_task>(*event);
  EXPECT_EQ(task.h.ts_ns, 20u);
  EXPECT_EQ(task.h.cpu, 2u);
  EXPECT_EQ(task.h.seq, 16u);
  EXPECT_EQ(task.h.kind, WP_KIND_task);
  EXPECT_EQ(task.h.size, sizeof task);
  EXPECT_EQ(task.tid, 42u);
  EXPECT_STREQ(task.comm.s, "a b\n\"");
}

TEST(EventTextTest, WhatItDoesNotKnowIsAnError) {
  EXPECT_EQ(wrong_with("10 task color=7"), "task has no field 'color'");
  EXPECT_EQ(wrong_with("10 tusk tid=7"), "there is no event kind 'tusk'");
  EXPECT_EQ(wrong_with("10 core=1 task"), "'core' before the kind: only cpu and seq stand there");
  EXPECT_EQ(wrong_with("10 cpu=9999 task"), "there is no CPU 9999");
  EXPECT_EQ(wrong_with("task tid=1"), "time: 'task' is not a number");
  EXPECT_EQ(wrong_with("10 task tid"), "'tid' is not field=value");
  EXPECT_EQ(wrong_with("10 task tid=1x"), "tid: '1x' is not a number");
  EXPECT_EQ(wrong_with("10 task tid=4294967296"), "tid: 4294967296 does not fit into 4 bytes");
  EXPECT_EQ(wrong_with("10 task tid=-1"), "tid: '-1' is not a number");
  EXPECT_EQ(wrong_with("10 task comm=redis"), "comm: redis is not quoted");
  EXPECT_EQ(wrong_with(R"(10 task comm="12345678901234567")"), R"(comm: "12345678901234567" is longer than 16 bytes)");
  EXPECT_EQ(wrong_with(R"(10 task comm="\q")"), R"(comm: "\q" has an unknown escape)");
  EXPECT_EQ(wrong_with("10 socket local=7f0"), "local: '7f0' is no address: up to 16 bytes as hex digits");
  EXPECT_EQ(wrong_with("10 socket local=zz"), "local: 'zz' is no address: not hex digits");
  EXPECT_EQ(wrong_with("10 loss"), "a loss can't be written: leave a hole in seq instead");
  EXPECT_NE(wrong_with(""), "");
}

TEST(EventTextTest, ALossIsWrittenWithItsCause) {
  using wp::event::Loss;
  EXPECT_EQ(to_text(Loss{.from_ns = 5, .to_ns = 9, .cpu = 1, .count = 3, .why = Loss::Why::kRingFull}),
            "9 cpu=1 loss why=ring_full from_ns=5 to_ns=9 count=3");
  EXPECT_EQ(to_text(Loss{.cpu = Loss::kAllCpus, .why = Loss::Why::kDamaged}),
            "0 cpu=all loss why=damaged from_ns=0 to_ns=0 count=0");
}

TEST(EventTextTest, ManyLinesAreNumberedPerCpuWhereSeqIsMissing) {
  const auto events = parse_events("# a comment\n10 task\n\n11 cpu=1 task\n12 seq=5 task\n13 task\n14 watermark\n");
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 5u);
  EXPECT_EQ(std::get<wp_task>((*events)[0]).h.seq, 1u);
  EXPECT_EQ(std::get<wp_task>((*events)[1]).h.seq, 1u);
  EXPECT_EQ(std::get<wp_task>((*events)[2]).h.seq, 5u);
  EXPECT_EQ(std::get<wp_task>((*events)[3]).h.seq, 6u);
  EXPECT_EQ(std::get<wp_watermark>((*events)[4]).h.seq, 0u);
}

TEST(EventTextTest, AnErrorNamesItsLine) {
  const auto events = parse_events("10 task\n\n11 task color=1");
  ASSERT_FALSE(events);
  EXPECT_EQ(events.error().message, "line 3: task has no field 'color'");
}

// Any value of any field survives the way out and back. Names hold random bytes up to their first NUL.
TEST(EventTextTest, EveryKindComesBackFromItsText) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    for (const auto& kind : wp::event::kKinds) {
      std::vector<std::byte> bytes(kind.size);
      for (auto& byte : bytes) byte = static_cast<std::byte>(random() % 255 + 1);
      const wp_header header{.ts_ns = random(), .seq = random(), .kind = kind.number, .size = kind.size, .cpu = 1};
      std::memcpy(bytes.data(), &header, sizeof header);
      wp::event::Bytes rest = bytes;
      wp::event::DecodeCounts counts;
      const auto event = wp::event::decode_next(rest, counts);
      ASSERT_TRUE(event);
      const auto again = parse_event(to_text(*event));
      ASSERT_TRUE(again) << again.error().message << "\n" << to_text(*event);
      std::vector<std::byte> encoded;
      wp::event::encode(*again, encoded);
      EXPECT_EQ(encoded, bytes) << to_text(*event);
    }
  }
}

}  // namespace
