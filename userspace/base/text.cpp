// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/base/text.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <iterator>

namespace wp {
namespace {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t length = 0;  ///< bytes; 0: no valid UTF-8 starts here
};

std::uint32_t byte_at(std::string_view s, std::size_t i) { return static_cast<unsigned char>(s[i]); }

// Refuses overlong forms, surrogates and values past U+10FFFF: each has another meaning to some terminal or parser.
CodePoint decode_utf8(std::string_view s) {
  const std::uint32_t first = byte_at(s, 0);
  if (first < 0x80) return {first, 1};
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || s.size() < length) return {};
  std::uint32_t value = first & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte_at(s, i) & 0xc0) != 0x80) return {};
    value = (value << 6) | (byte_at(s, i) & 0x3f);
  }
  constexpr std::array<std::uint32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  if (value < kLeast[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return {};
  return {value, length};
}

struct Range {
  std::uint32_t first, last;
};

// Invisible, reordering or line-breaking: two names that differ only in these look the same.
constexpr Range kDeceptive[] = {
    {0x80, 0x9f},     {0xad, 0xad},     {0x34f, 0x34f},   {0x61c, 0x61c},     {0x115f, 0x1160},   {0x17b4, 0x17b5},
    {0x180b, 0x180f}, {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},   {0x3164, 0x3164},   {0xfe00, 0xfe0f},
    {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

bool is_deceptive(std::uint32_t value) {
  for (const Range& range : kDeceptive) {
    if (value >= range.first && value <= range.last) return true;
  }
  return false;
}

enum class Keep {
  kAllValid,
  kVisible
};

std::string escaped(std::string_view bytes, Keep keep) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const CodePoint point = decode_utf8(bytes);
    const std::size_t taken = point.length == 0 ? 1 : point.length;
    const bool control = point.value < 0x20 || point.value == 0x7f;
    if (point.length == 0 || (keep == Keep::kVisible && control)) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte_at(bytes, 0));
    } else if (point.value == '\\') {
      out += "\\\\";
    } else if (keep == Keep::kVisible && is_deceptive(point.value)) {
      fmt::format_to(std::back_inserter(out), "\\u{{{:x}}}", point.value);
    } else {
      out += bytes.substr(0, taken);
    }
    bytes.remove_prefix(taken);
  }
  return out;
}

std::optional<std::uint32_t> hex(std::string_view digits) {
  std::uint32_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value, 16);
  if (digits.empty() || error != std::errc() || stop != end) return std::nullopt;
  return value;
}

void append_utf8(std::string& out, std::uint32_t value) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (value < 0x80) {
    put(value);
  } else if (value < 0x800) {
    put(0xc0 | (value >> 6));
    put(0x80 | (value & 0x3f));
  } else if (value < 0x10000) {
    put(0xe0 | (value >> 12));
    put(0x80 | ((value >> 6) & 0x3f));
    put(0x80 | (value & 0x3f));
  } else {
    put(0xf0 | (value >> 18));
    put(0x80 | ((value >> 12) & 0x3f));
    put(0x80 | ((value >> 6) & 0x3f));
    put(0x80 | (value & 0x3f));
  }
}

// Takes one escape off `text`, which starts with a backslash; false where it is none of ours.
bool take_escape(std::string_view& text, std::string& out) {
  if (text.size() < 2) return false;
  const char what = text[1];
  if (what == '\\' || what == '"') {
    out += what;
    text.remove_prefix(2);
    return true;
  }
  if (what == 'x' && text.size() >= 4) {
    const auto value = hex(text.substr(2, 2));
    if (value) out += static_cast<char>(static_cast<unsigned char>(*value));
    text.remove_prefix(4);
    return value.has_value();
  }
  const std::size_t close = text.find('}');
  if (text.substr(0, 3) != "\\u{" || close == std::string_view::npos) return false;
  const auto value = hex(text.substr(3, close - 3));
  if (!value || *value > 0x10ffff) return false;
  append_utf8(out, *value);
  text.remove_prefix(close + 1);
  return true;
}

}  // namespace

std::string printable(std::string_view bytes) { return escaped(bytes, Keep::kVisible); }

std::string valid_utf8(std::string_view bytes) { return escaped(bytes, Keep::kAllValid); }

std::string in_quotes(std::string_view bytes) {
  std::string out = "\"";
  for (const char c : printable(bytes)) {
    if (c == '"') out += '\\';
    out += c;
  }
  return out + '"';
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text[0] == '\\') {
      if (!take_escape(text, out)) return std::nullopt;
      continue;
    }
    out += text[0];
    text.remove_prefix(1);
  }
  return out;
}

}  // namespace wp
