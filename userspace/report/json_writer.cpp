// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/json_writer.hpp"

#include <algorithm>

#include "userspace/base/text.hpp"

namespace wp::report {
namespace {

bool is_plain(unsigned char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

void append_escaped(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
}

}  // namespace

JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  out_ += '"';
  const bool plain =
      std::all_of(text.begin(), text.end(), [](char c) { return is_plain(static_cast<unsigned char>(c)); });
  if (plain) {
    out_ += text;
  } else {
    append_escaped(out_, valid_utf8(text));
  }
  out_ += '"';
  return *this;
}

}  // namespace wp::report
