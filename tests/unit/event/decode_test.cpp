// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/event/decode.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "userspace/event/fields.hpp"

namespace {

using wp::event::Bytes;
using wp::event::decode_next;
using wp::event::DecodeCounts;
using wp::event::Event;
using wp::event::Loss;

wp_task some_task() {
  wp_task task{};
  task.h = {.ts_ns = 100, .seq = 1, .kind = WP_KIND_task, .size = sizeof task, .cpu = 3};
  task.tid = 42;
  task.why = WP_WHY_fork;
  std::memcpy(task.comm.s, "redis", 5);
  return task;
}

// A record of any kind number and size, its fields all 0xff.
std::vector<std::byte> raw(std::uint16_t kind, std::uint16_t size, std::uint32_t cpu = 0) {
  std::vector<std::byte> bytes(std::max<std::size_t>(size, sizeof(wp_header)), std::byte{0xff});
  const wp_header header{.ts_ns = 1, .seq = 1, .kind = kind, .size = size, .cpu = cpu};
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes;
}

TEST(DecodeTest, WhatIsEncodedComesBack) {
  std::vector<std::byte> bytes;
  wp::event::encode(some_task(), bytes);
  Bytes rest = bytes;
  DecodeCounts counts;
  const auto event = decode_next(rest, counts);
  ASSERT_TRUE(event);
  const auto& task = std::get<wp_task>(*event);
  EXPECT_EQ(task.h.cpu, 3u);
  EXPECT_EQ(task.tid, 42u);
  EXPECT_STREQ(task.comm.s, "redis");
  EXPECT_TRUE(rest.empty());
}

TEST(DecodeTest, EveryKindComesBackAsItself) {
  for (const auto& kind : wp::event::kKinds) {
    const auto bytes = raw(kind.number, kind.size);
    Bytes rest = bytes;
    DecodeCounts counts;
    const auto event = decode_next(rest, counts);
    ASSERT_TRUE(event);
    std::vector<std::byte> again;
    wp::event::encode(*event, again);
    EXPECT_EQ(again, bytes) << kind.name;
  }
}

TEST(DecodeTest, AnOlderShorterRecordIsZeroFilled) {
  const auto bytes = raw(WP_KIND_task, 32);
  Bytes rest = bytes;
  DecodeCounts counts;
  const auto event = decode_next(rest, counts);
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<wp_task>(*event).start_ns, ~std::uint64_t{0});
  EXPECT_EQ(std::get<wp_task>(*event).tid, 0u);
}

TEST(DecodeTest, ANewerLongerRecordIsCutToWhatWeKnow) {
  auto bytes = raw(WP_KIND_task, sizeof(wp_task) + 16);
  wp::event::encode(some_task(), bytes);
  Bytes rest = bytes;
  DecodeCounts counts;
  ASSERT_TRUE(decode_next(rest, counts));
  const auto next = decode_next(rest, counts);
  ASSERT_TRUE(next);
  EXPECT_EQ(std::get<wp_task>(*next).tid, 42u);
}

TEST(DecodeTest, UnknownKindsAreSkippedAndCounted) {
  auto bytes = raw(99, 64);
  wp::event::encode(some_task(), bytes);
  const auto trailing = raw(60000, 24);
  bytes.insert(bytes.end(), trailing.begin(), trailing.end());
  Bytes rest = bytes;
  DecodeCounts counts;
  const auto event = decode_next(rest, counts);
  ASSERT_TRUE(event);
  EXPECT_TRUE(std::holds_alternative<wp_task>(*event));
  EXPECT_FALSE(decode_next(rest, counts));
  EXPECT_EQ(counts.unknown_kinds, 2u);
  EXPECT_EQ(counts.undecodable_bytes, 0u);
}

void expect_undecodable(const std::vector<std::byte>& bytes) {
  Bytes rest = bytes;
  DecodeCounts counts;
  const auto event = decode_next(rest, counts);
  ASSERT_TRUE(event);
  const auto* loss = std::get_if<Loss>(&*event);
  ASSERT_NE(loss, nullptr);
  EXPECT_EQ(loss->why, Loss::Why::kUndecodable);
  EXPECT_EQ(loss->cpu, Loss::kAllCpus);
  EXPECT_EQ(counts.undecodable_bytes, bytes.size());
  EXPECT_TRUE(rest.empty());
}

TEST(DecodeTest, BytesThatAreNoRecordBecomeALoss) {
  expect_undecodable(std::vector<std::byte>(23));
  expect_undecodable(std::vector<std::byte>(64));                               // kind 0, size 0
  expect_undecodable(raw(WP_KIND_task, 16));                                    // smaller than its header
  expect_undecodable(raw(WP_KIND_task, 33));                                    // no multiple of 8
  expect_undecodable(raw(WP_KIND_task, sizeof(wp_task), wp::event::kMaxCpus));  // no such CPU
  auto cut = raw(WP_KIND_task, sizeof(wp_task));
  cut.pop_back();
  expect_undecodable(cut);
}

TEST(DecodeTest, RandomBytesNeverEndInAnythingButEventsAndAnEnd) {
  std::mt19937 random(2);
  std::vector<std::byte> bytes(256);
  for (int round = 0; round < 20000; ++round) {
    for (auto& byte : bytes) byte = static_cast<std::byte>(random() % 4 == 0 ? random() : 0);
    bytes[16] = static_cast<std::byte>(random() % 14);
    bytes[18] = static_cast<std::byte>(random() % 32 * 8);
    bytes[17] = bytes[19] = bytes[21] = bytes[22] = bytes[23] = std::byte{0};
    Bytes rest = Bytes(bytes).first(random() % bytes.size());
    DecodeCounts counts;
    while (!rest.empty()) {
      const std::size_t before = rest.size();
      if (!decode_next(rest, counts)) {
        EXPECT_TRUE(rest.empty());
      }
      EXPECT_LT(rest.size(), before);
    }
  }
}

TEST(DecodeTest, ALossHasNoBytes) {
  std::vector<std::byte> bytes;
  wp::event::encode(Loss{}, bytes);
  EXPECT_TRUE(bytes.empty());
}

}  // namespace
