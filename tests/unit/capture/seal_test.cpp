// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/capture/seal.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace {

using wp::capture::SealCounts;

// A record as the programs make it, and its seal as they close it.
std::vector<std::byte> sealed(wp_task record, wp_seal seal = {}) {
  record.h.size = sizeof record;
  seal.own = record.h.seq;
  seal.canary = wp_canary_of(&record.h);
  seal.sum = wp_sum_of(&record, sizeof record);
  std::vector<std::byte> bytes(sizeof record + sizeof seal);
  std::memcpy(bytes.data(), &record, sizeof record);
  std::memcpy(bytes.data() + sizeof record, &seal, sizeof seal);
  return bytes;
}

wp_task any_task() {
  wp_task task{};
  task.h.seq = 77;
  task.h.kind = WP_KIND_task;
  task.tid = 5;
  return task;
}

TEST(Seal, AWholeRecordLosesItsSealAndNothingElse) {
  SealCounts counts;
  wp_seal seal{};
  seal.inside_of = 1;
  const auto bytes = sealed(any_task(), seal);
  EXPECT_EQ(wp::capture::unsealed(bytes, counts).size(), sizeof(wp_task));
  EXPECT_EQ(counts.records, 1U);
  EXPECT_EQ(counts.inside, 1U);
  EXPECT_EQ(counts.broken(), 0U);
}

TEST(Seal, AnyOtherByteOfTheRecordIsFound) {
  for (std::size_t at = 0; at < sizeof(wp_task); ++at) {
    SealCounts counts;
    auto bytes = sealed(any_task());
    bytes[at] ^= std::byte{1};
    (void)wp::capture::unsealed(bytes, counts);
    EXPECT_GT(counts.torn, 0U) << at;
  }
}

TEST(Seal, AForeignWordIsFound) {
  SealCounts counts;
  auto bytes = sealed(any_task());
  bytes[sizeof(wp_task) + offsetof(wp_seal, own)] ^= std::byte{1};
  (void)wp::capture::unsealed(bytes, counts);
  EXPECT_EQ(counts.foreign_word, 1U);
  EXPECT_EQ(counts.torn, 0U);
}

TEST(Seal, OnlyTheSwitchWritesWhoseCpuItIs) {
  for (const wp_hook hook : {WP_HOOK_sched__switch, WP_HOOK_socket__data_ready}) {
    SealCounts counts;
    wp_seal seal{};
    seal.hook = static_cast<wp_u16>(hook);
    seal.tid = 1;
    seal.tid_after = 2;
    (void)wp::capture::unsealed(sealed(any_task(), seal), counts);
    EXPECT_EQ(counts.foreign_state, hook == WP_HOOK_sched__switch ? 0U : 1U);
  }
}

TEST(Seal, WhatHasNoRoomForOneIsTorn) {
  SealCounts counts;
  const std::vector<std::byte> bytes(sizeof(wp_header));
  EXPECT_EQ(wp::capture::unsealed(bytes, counts).size(), bytes.size());
  EXPECT_EQ(counts.torn, 1U);
}

}  // namespace
