// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/stream/columns.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "bpf/wire/events.h"

namespace {

using wp::stream::Bytes;
using wp::stream::Columns;
using Buffer = std::vector<std::byte>;

template <typename Record>
void add(Buffer& out, const Record& record) {
  const auto bytes = std::as_bytes(std::span(&record, 1));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

// A server at work: deliveries and the runs that follow them, on two CPUs.
Buffer steady(std::uint64_t requests) {
  Buffer out;
  std::mt19937_64 random(3);
  std::uint64_t ns = 1'000'000'000'000;
  for (std::uint64_t i = 1; i <= requests; ++i) {
    const auto cpu = static_cast<wp_u32>(i / 100 % 2);
    ns += 10'000 + random() % 4096;
    wp_delivery d{};
    d.h = {.ts_ns = ns, .seq = 2 * i, .kind = WP_KIND_delivery, .size = sizeof d, .cpu = cpu};
    d.cookie = 7 + i % 4;
    d.begin = 64 * i;
    d.end = d.begin + 64;
    d.softirq_ns = ns - 2000 - random() % 200;
    d.stack_ns = ns - 1000 - random() % 200;
    d.w_func = 0xffffffff81234567;
    add(out, d);
    wp_run r{};
    r.h = {.ts_ns = ns + 5000, .seq = 2 * i + 1, .kind = WP_KIND_run, .size = sizeof r, .cpu = cpu};
    r.start_ns = 12345678;
    r.off_ns = ns - 9000;
    std::memcpy(r.prev_comm.s, i % 2 ? "swapper" : "redis-server", 8);
    add(out, r);
  }
  return out;
}

// Records of any kind and size, of any bytes.
Buffer wild(std::uint64_t records, std::uint64_t seed) {
  Buffer out;
  std::mt19937_64 random(seed);
  for (std::uint64_t i = 0; i < records; ++i) {
    wp_header h{.ts_ns = random(),
                .seq = random(),
                .kind = static_cast<wp_u16>(1 + random() % 5),
                .size = static_cast<wp_u16>(sizeof(wp_header) + 8 * (random() % 4)),
                .cpu = static_cast<wp_u32>(random() % 8192)};
    add(out, h);
    for (std::size_t word = sizeof h; word < h.size; word += 8) add(out, std::uint64_t{random() % 3 ? random() : 0});
  }
  return out;
}

Buffer there_and_back(const Buffer& records) {
  Columns columns;
  Buffer packed, back;
  EXPECT_TRUE(columns.pack(records, packed));
  EXPECT_TRUE(columns.unpack(packed, back));
  return back;
}

TEST(ColumnsTest, RecordsComeBackAsTheyWere) {
  EXPECT_EQ(there_and_back(steady(1)), steady(1));
  EXPECT_EQ(there_and_back(steady(1000)), steady(1000));
  for (std::uint64_t seed = 0; seed < 50; ++seed) EXPECT_EQ(there_and_back(wild(seed * 3, seed)), wild(seed * 3, seed));
}

TEST(ColumnsTest, OneServesManyBlocks) {
  Columns columns;
  Buffer packed, back;
  for (const std::uint64_t requests : {300UL, 1UL, 40UL}) {
    const Buffer records = requests == 1 ? wild(200, 9) : steady(requests);
    ASSERT_TRUE(columns.pack(records, packed));
    ASSERT_TRUE(columns.unpack(packed, back));
    EXPECT_EQ(back, records);
  }
}

// Of 250 bytes a delivery times, cookie and offset are left, a byte or two each.
TEST(ColumnsTest, WhatIsAlikeTakesNoRoom) {
  Columns columns;
  const Buffer records = steady(2000);
  Buffer packed;
  ASSERT_TRUE(columns.pack(records, packed));
  EXPECT_LT(packed.size(), 2000 * 34);
}

// Two words that jump take eight bytes each; one near the record's time and one near the word before it a byte, as does
// the number.
TEST(ColumnsTest, AWordIsComparedWithWhatItIsNearTo) {
  Buffer records, packed;
  std::mt19937_64 random(5);
  constexpr std::size_t kRecords = 1000;
  for (std::size_t i = 1; i <= kRecords; ++i) {
    wp_delivery d{};
    d.h = {.ts_ns = random(), .seq = i, .kind = WP_KIND_delivery, .size = sizeof d, .cpu = 0};
    d.softirq_ns = d.h.ts_ns - random() % 100;
    d.begin = random();
    d.end = d.begin + random() % 100;
    add(records, d);
  }
  Columns columns;
  ASSERT_TRUE(columns.pack(records, packed));
  EXPECT_GT(packed.size(), kRecords * 19);
  EXPECT_LT(packed.size(), kRecords * 21);
}

TEST(ColumnsTest, RecordsOfTooManyShapesAreLeftAsTheyAre) {
  Columns columns;
  Buffer records, packed;
  for (int kind = 1; kind <= 257; ++kind) {
    if (kind == 257) {
      EXPECT_TRUE(columns.pack(records, packed));
    }
    add(records,
        wp_header{.ts_ns = 1, .seq = 1, .kind = static_cast<wp_u16>(kind), .size = sizeof(wp_header), .cpu = 0});
  }
  EXPECT_FALSE(columns.pack(records, packed));
}

TEST(ColumnsTest, CutShortOrDamagedTheyAreRefusedOrOfTheirSize) {
  Columns columns;
  Buffer packed, back;
  ASSERT_TRUE(columns.pack(wild(40, 1), packed));
  for (std::size_t length = 0; length < packed.size(); ++length)
    EXPECT_FALSE(columns.unpack(Bytes(packed).first(length), back)) << length;
  const std::size_t size = wild(40, 1).size();
  for (std::size_t bit = 0; bit < packed.size() * 8; ++bit) {
    Buffer changed = packed;
    changed[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    if (columns.unpack(changed, back)) {
      EXPECT_EQ(back.size(), size) << bit;
    }
  }
  Buffer longer = packed;
  longer.push_back({});
  EXPECT_FALSE(columns.unpack(longer, back));
}

TEST(ColumnsTest, MoreThanABlockIsRefused) {
  Columns columns;
  Buffer back;
  const std::uint32_t header[] = {wp::stream::kMaxRaw + 24, 0, 0};
  EXPECT_FALSE(columns.unpack(std::as_bytes(std::span(header)), back));
  EXPECT_LT(back.capacity(), wp::stream::kMaxRaw);
}

}  // namespace
