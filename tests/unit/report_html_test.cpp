// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/html_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "userspace/report/columns.hpp"

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using wp::model::TimelineSlice;
using wp::report::take_numbers_out;

TEST(HtmlColumnTest, NumbersAreLeb128AndSignedOnesZigzag) {
  wp::report::Column column;
  column.add(0);
  column.add(300);
  column.add_signed(-1);
  column.add_signed(64);
  EXPECT_EQ(column.bytes(), std::string("\x00\xac\x02\x01\x80\x01", 6));
  EXPECT_EQ(column.count(), 4u);
}

TEST(HtmlTemplateTest, NumbersComeOutAndOnlyThoseThatComeBackTheSame) {
  const auto words = take_numbers_out("13 frames on eth0, 0x0a 007 1234567890123456");
  EXPECT_EQ(words.text, "\1 frames on eth\1, \1x\1a 007 1234567890123456");
  EXPECT_THAT(words.numbers, ElementsAre(13, 0, 0, 0));
  EXPECT_THAT(take_numbers_out("none").numbers, IsEmpty());
  EXPECT_EQ(take_numbers_out("a\1b").text, "ab");
}

TEST(HtmlTextTableTest, TextsAreNumberedAndValid) {
  wp::report::TextTable table;
  EXPECT_EQ(table.index_of("a"), 0u);
  EXPECT_EQ(table.index_of("\xff"), 1u);
  EXPECT_EQ(table.index_of("a"), 0u);
  EXPECT_THAT(table.texts(), ElementsAre("a", "\\xff"));
}

TimelineSlice slice_at(std::uint64_t ns) {
  TimelineSlice slice;
  slice.begin_ns = ns;
  slice.end_ns = ns + 10;
  return slice;
}

TEST(HtmlWindowsTest, WindowsWithTheSlowestRequestsAreKeptWhole) {
  wp::report::TimelineWindows windows(25);
  constexpr std::uint64_t window = 1U << 20U;
  for (std::uint64_t w = 0; w < 4; ++w)
    for (std::uint64_t i = 0; i < 10; ++i) windows.on_slice(slice_at(w * window + i));
  wp::model::Path slow;
  slow.at(wp::model::Stage::kQueued) = {wp::model::Seen::kObserved, wp::model::Reason::kNone, 2 * window + 5, 0};
  slow.at(wp::model::Stage::kDone) = {wp::model::Seen::kObserved, wp::model::Reason::kNone, 2 * window + 900, 0};
  windows.on_path(slow);
  windows.choose();
  EXPECT_FALSE(windows.keeps_all());
  EXPECT_TRUE(windows.keeps(slice_at(2 * window)));
  EXPECT_TRUE(windows.keeps(slice_at(0)));
  EXPECT_FALSE(windows.keeps(slice_at(window)));
  EXPECT_FALSE(windows.keeps(slice_at(3 * window)));
  EXPECT_THAT(windows.left_out(),
              ElementsAre(testing::Pair(window, 2 * window), testing::Pair(3 * window, 4 * window)));
}

TEST(HtmlWindowsTest, WhatFitsIsKeptWhole) {
  wp::report::TimelineWindows windows(10);
  for (std::uint64_t i = 0; i < 10; ++i) windows.on_slice(slice_at(i << 21U));
  windows.choose();
  EXPECT_TRUE(windows.keeps_all());
  EXPECT_THAT(windows.left_out(), IsEmpty());
}

wp::model::Path path_of(std::uint64_t id, std::uint64_t total_ns) {
  wp::model::Path path;
  path.id = id;
  path.at(wp::model::Stage::kQueued) = {wp::model::Seen::kObserved, wp::model::Reason::kNone, 1000, 0};
  path.at(wp::model::Stage::kDone) = {wp::model::Seen::kObserved, wp::model::Reason::kNone, 1000 + total_ns, 0};
  return path;
}

TEST(HtmlChoiceTest, SlowRequestsAreAllKeptAndOfTheRestEveryNth) {
  wp::report::RequestChoice choice(100);
  for (std::uint64_t id = 1; id <= 1000; ++id) choice.on_path(path_of(id, id));
  choice.choose();
  std::uint64_t kept = 0, slow = 0;
  for (std::uint64_t id = 1; id <= 1000; ++id) {
    kept += choice.keeps(path_of(id, id));
    slow += id > 990 && choice.keeps(path_of(id, id));
  }
  EXPECT_EQ(slow, 10u);
  EXPECT_LE(kept, 110u);
  EXPECT_GE(kept, 80u);
}

TEST(HtmlPageTest, ThePageHasOnePlaceForDataAndAPolicyWithHashes) {
  const std::string page(wp::report::html_page());
  EXPECT_EQ(page.find("@DATA@"), page.rfind("@DATA@"));
  EXPECT_THAT(page, HasSubstr("default-src 'none'; style-src 'sha256-"));
  EXPECT_THAT(page, Not(HasSubstr("unsafe-inline")));
  EXPECT_THAT(page, Not(HasSubstr("@PROGRAM")));
  EXPECT_THAT(page, Not(HasSubstr("http://1")));
  // Anything but ASCII could be cut in two by the pieces it is embedded in.
  EXPECT_TRUE(std::all_of(page.begin(), page.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
}

}  // namespace
