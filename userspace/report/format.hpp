// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Laying out text for a terminal. Widths count characters, not bytes.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wp::report {

struct Style {
  std::size_t width = 100;
  bool color = false;
  bool utf8 = true;  ///< false: every byte written is ASCII
};

enum class Color : std::uint8_t {
  kNone,
  kBold,
  kDim,
  kGreen,
  kYellow,
  kRed,
  kBlue,
  kMagenta,
  kCyan
};
std::string paint(const Style& style, Color color, std::string_view text);

/// Three digits and a unit: "740 ns", "12.3 us", "8.41 ms", "1.20 s".
std::string duration_text(std::uint64_t duration_ns);
/// "48 213".
std::string grouped(std::uint64_t number);
/// "1 read", "2 reads".
std::string counted(std::uint64_t number, std::string_view noun);
/// "99.2 %", where only all of it is 100 % and only nothing is 0 %; "-" of nothing.
std::string percent_text(std::uint64_t part, std::uint64_t whole);

std::size_t text_width(std::string_view utf8);
std::string pad_left(std::string_view text, std::size_t width);
/// Cut to the width where it is longer.
std::string pad_right(std::string_view text, std::size_t width);
/// Lines of at most `width` characters, broken at spaces where there are some.
std::vector<std::string> wrap(std::string_view text, std::size_t width);
/// The text itself, or where the style wants ASCII with '?' for every other character.
std::string fit_charset(const Style& style, std::string text);

}  // namespace wp::report
