// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/format.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wp::report {
namespace {

using testing::ElementsAre;

TEST(FormatTest, DurationsHaveThreeDigitsAndNeverChangeUnitLate) {
  EXPECT_EQ(duration_text(0), "0 ns");
  EXPECT_EQ(duration_text(999), "999 ns");
  EXPECT_EQ(duration_text(1000), "1.00 us");
  EXPECT_EQ(duration_text(12'345), "12.3 us");
  EXPECT_EQ(duration_text(999'400), "999 us");
  EXPECT_EQ(duration_text(999'600), "1.00 ms");
  EXPECT_EQ(duration_text(123'456'789'000), "123 s");
}

TEST(FormatTest, DigitsAreGroupedByThrees) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1'234'567), "1 234 567");
}

TEST(FormatTest, PercentSaysAllOnlyOfAllAndNothingOnlyOfNothing) {
  EXPECT_EQ(percent_text(0, 10), "0 %");
  EXPECT_EQ(percent_text(10, 10), "100 %");
  EXPECT_EQ(percent_text(99'999, 100'000), "99.9 %");
  EXPECT_EQ(percent_text(1, 100'000), "<0.1 %");
  EXPECT_EQ(percent_text(0, 0), "-");
}

TEST(FormatTest, WidthsCountCharactersNotBytes) {
  EXPECT_EQ(text_width("a█é"), 3U);
  EXPECT_EQ(pad_right("é█x", 2), "é█");
  EXPECT_EQ(pad_left("é", 3), "  é");
}

TEST(FormatTest, WrapBreaksAtSpacesAndInsideWordsThatAreTooLong) {
  EXPECT_THAT(wrap("one two three", 8), ElementsAre("one two", "three"));
  EXPECT_THAT(wrap("abcdefgh", 3), ElementsAre("abc", "def", "gh"));
  EXPECT_THAT(wrap("", 5), ElementsAre(""));
  EXPECT_THAT(wrap("é█é█", 2), ElementsAre("é█", "é█"));
}

TEST(FormatTest, AnAsciiStyleWritesOnlyAscii) {
  Style style;
  style.utf8 = false;
  EXPECT_EQ(fit_charset(style, "a█é"), "a??");
}

TEST(FormatTest, ColourOnlyWhereAskedFor) {
  Style style;
  EXPECT_EQ(paint(style, Color::kRed, "x"), "x");
  style.color = true;
  EXPECT_EQ(paint(style, Color::kRed, "x"), "\x1b[31mx\x1b[0m");
}

}  // namespace
}  // namespace wp::report
