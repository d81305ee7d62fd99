// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace wp::report {

/// Writes JSON at the end of a string, without a tree in between: a path costs a microsecond or two instead of the
/// twenty that building and printing a DOM takes. The caller closes what it opens.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& open(char bracket) {
    separate();
    out_ += bracket;
    fresh_ = true;
    return *this;
  }
  JsonWriter& close(char bracket) {
    out_ += bracket;
    fresh_ = false;
    return *this;
  }
  /// `name` is one of our own words: it is not escaped.
  JsonWriter& key(std::string_view name) {
    out_.append(fresh_ ? "\"" : ",\"");
    out_.append(name).append("\":");
    fresh_ = true;
    return *this;
  }
  JsonWriter& value(bool claim) { return raw(claim ? "true" : "false"); }
  JsonWriter& value(std::integral auto number) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    return raw({digits, static_cast<std::size_t>(end - digits)});
  }
  /// Any bytes, as valid_utf8() shows them.
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }

  template <typename T>
  JsonWriter& field(std::string_view name, const T& content) {
    key(name);
    return value(content);
  }

 private:
  JsonWriter& raw(std::string_view text) {
    separate();
    out_.append(text);
    return *this;
  }
  void separate() {
    if (!fresh_) out_ += ',';
    fresh_ = false;
  }

  std::string& out_;
  bool fresh_ = true;
};

}  // namespace wp::report
