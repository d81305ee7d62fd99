// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/format.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace wp::report {
namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; }

// Byte length of the first `width` characters.
std::size_t prefix_bytes(std::string_view text, std::size_t width) {
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    if (is_continuation(text[i])) continue;
    if (width == 0) break;
    --width;
  }
  return i;
}

const char* escape_of(Color color) {
  switch (color) {
    case Color::kNone: return "";
    case Color::kBold: return "\x1b[1m";
    case Color::kDim: return "\x1b[2m";
    case Color::kGreen: return "\x1b[32m";
    case Color::kYellow: return "\x1b[33m";
    case Color::kRed: return "\x1b[31m";
    case Color::kBlue: return "\x1b[34m";
    case Color::kMagenta: return "\x1b[35m";
    case Color::kCyan: return "\x1b[36m";
  }
  return "";
}

}  // namespace

std::string paint(const Style& style, Color color, std::string_view text) {
  if (!style.color || color == Color::kNone || text.empty()) return std::string(text);
  return fmt::format("{}{}\x1b[0m", escape_of(color), text);
}

std::string duration_text(std::uint64_t duration_ns) {
  if (duration_ns < 1000) return fmt::format("{} ns", duration_ns);
  constexpr const char* kUnits[] = {"us", "ms", "s"};
  double value = static_cast<double>(duration_ns) / 1e3;
  std::size_t unit = 0;
  while (unit < 2 && value >= 999.5) {
    value /= 1e3;
    ++unit;
  }
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f} {}", value, decimals, kUnits[unit]);
}

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, 1, ' ');
  return text;
}

std::string counted(std::uint64_t number, std::string_view noun) {
  return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

std::string percent_text(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "-";
  if (part == 0) return "0 %";
  if (part == whole) return "100 %";
  const double percent = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  if (percent < 0.1) return "<0.1 %";
  return fmt::format("{:.1f} %", std::min(percent, 99.9));
}

std::size_t text_width(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) { return !is_continuation(c); }));
}

std::string pad_left(std::string_view text, std::size_t width) {
  const std::size_t own = text_width(text);
  return std::string(own < width ? width - own : 0, ' ').append(text);
}

std::string pad_right(std::string_view text, std::size_t width) {
  const std::size_t own = text_width(text);
  if (own > width) return std::string(text.substr(0, prefix_bytes(text, width)));
  return std::string(text).append(width - own, ' ');
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  width = std::max<std::size_t>(width, 1);
  while (text_width(text) > width) {
    const std::size_t room = prefix_bytes(text, width + 1);
    std::size_t end = text.substr(0, room).rfind(' ');
    const bool at_space = end != std::string_view::npos && end > 0;
    if (!at_space) end = prefix_bytes(text, width);
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end + (at_space ? 1 : 0));
  }
  lines.emplace_back(text);
  return lines;
}

std::string fit_charset(const Style& style, std::string text) {
  if (style.utf8) return text;
  std::string ascii;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x80) {
      ascii += c;
    } else if (!is_continuation(c)) {
      ascii += '?';
    }
  }
  return ascii;
}

}  // namespace wp::report
