// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/base/text.hpp"

#include <gtest/gtest.h>

#include <random>

namespace {

using wp::in_quotes;
using wp::printable;
using wp::unescaped;
using wp::valid_utf8;

TEST(TextTest, PlainAndForeignTextStaysAsItIs) {
  EXPECT_EQ(printable("nginx: worker"), "nginx: worker");
  EXPECT_EQ(printable("caf\u00e9 \u65e5\u672c \U0001f600"), "caf\u00e9 \u65e5\u672c \U0001f600");
}

TEST(TextTest, ControlsAreWrittenAsHex) {
  EXPECT_EQ(printable("a\x1b[31mb\nc\x7f"), "a\\x1b[31mb\\x0ac\\x7f");
  EXPECT_EQ(printable(std::string_view("\0x", 2)), "\\x00x");
}

TEST(TextTest, C1ControlsBidiAndZeroWidthAreWrittenAsCodePoints) {
  EXPECT_EQ(printable("\u009b31m"), "\\u{9b}31m");
  EXPECT_EQ(printable("a\u202eb"), "a\\u{202e}b");
  EXPECT_EQ(printable("a\u200bb"), "a\\u{200b}b");
  EXPECT_EQ(printable("a\u2066b\u2028"), "a\\u{2066}b\\u{2028}");
  EXPECT_EQ(printable("\ufeff"), "\\u{feff}");
  EXPECT_EQ(printable("\U000e0041"), "\\u{e0041}");
}

TEST(TextTest, InvalidUtf8IsWrittenByteByByte) {
  EXPECT_EQ(printable("\xff\xfe"), "\\xff\\xfe");
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");                    // overlong '/'
  EXPECT_EQ(printable("\xe0\x80\x80"), "\\xe0\\x80\\x80");           // overlong NUL
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // a surrogate
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // past U+10FFFF
  EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82");                    // cut
}

TEST(TextTest, ABackslashCantPassForAnEscape) {
  EXPECT_EQ(printable("\\x1b"), "\\\\x1b");
  EXPECT_EQ(valid_utf8("\\xff"), "\\\\xff");
}

TEST(TextTest, ValidUtf8KeepsControlsAndEscapesOnlyBadBytes) {
  EXPECT_EQ(valid_utf8("a\nb\u202e"), "a\nb\u202e");
  EXPECT_EQ(valid_utf8("a\xff"), "a\\xff");
}

TEST(TextTest, QuotedEscapesQuotes) { EXPECT_EQ(in_quotes("a\"b"), "\"a\\\"b\""); }

TEST(TextTest, UnknownEscapesAreRefused) {
  for (const char* bad : {"\\", "\\q", "\\x", "\\xg0", "\\x-1", "\\u{", "\\u{}", "\\u{110000}", "\\u41"}) {
    EXPECT_FALSE(unescaped(bad)) << bad;
  }
}

TEST(TextTest, AnyBytesComeBackAndNeverHoldAControl) {
  std::mt19937 random(1);
  for (int round = 0; round < 20000; ++round) {
    std::string bytes(random() % 12, '\0');
    // Bytes at the borders of UTF-8 are likely, so that valid and nearly valid sequences occur.
    for (char& c : bytes) c = "\x00\x1b\\\"x{\x7f\x80\xbf\xc2\xe2\x80\xae\xed\xa0\xf0\x9f\xf4\xff"[random() % 19];
    const std::string shown = printable(bytes);
    for (const char c : shown) {
      EXPECT_GE(static_cast<unsigned char>(c), 0x20);
      EXPECT_NE(c, '\x7f');
    }
    EXPECT_EQ(unescaped(shown), bytes);
    EXPECT_EQ(unescaped(valid_utf8(bytes)), bytes);
    const std::string around = in_quotes(bytes);
    EXPECT_EQ(unescaped(std::string_view(around).substr(1, around.size() - 2)), bytes);
  }
}

TEST(TextTest, KernelNamesEndAtTheFirstNul) {
  const char full[4] = {'a', 'b', 'c', 'd'};
  const char cut[4] = {'a', '\0', 'c', 'd'};
  EXPECT_EQ(wp::until_nul(full), "abcd");
  EXPECT_EQ(wp::until_nul(cut), "a");
}

}  // namespace
