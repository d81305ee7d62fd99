// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Columns of numbers for the HTML report, in the form its reader (html/data.js) takes back: LEB128, signed ones
// zigzag first, so that small numbers take a byte before compression.
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace wp::report {

class Column {
 public:
  void add(std::uint64_t value) {
    ++count_;
    while (value >= 0x80) {
      bytes_.push_back(static_cast<char>(value | 0x80U));
      value >>= 7U;
    }
    bytes_.push_back(static_cast<char>(value));
  }
  void add_signed(std::int64_t value) {
    add((static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63));
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  std::string bytes_;
  std::size_t count_ = 0;
};

/// Texts numbered from 0 in the order they come. As valid_utf8() shows them.
class TextTable {
 public:
  std::uint32_t index_of(std::string_view text);
  [[nodiscard]] const std::vector<std::string>& texts() const { return texts_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> index_;
  std::vector<std::string> texts_;
};

/// A text whose numbers are taken out: "13 frames merged" becomes a template, shared by thousands, and {13}.
/// The sign U+0001, which no text for people contains, stands where a number was.
struct Template {
  std::string text;
  std::vector<std::uint64_t> numbers;
};
Template take_numbers_out(std::string_view text);

/// Texts by their templates, and of every template the numbers of all its uses in the order they came.
class Wordings {
 public:
  /// The number of its template.
  std::uint32_t add(std::string_view text);
  [[nodiscard]] const std::vector<std::string>& templates() const { return templates_.texts(); }
  [[nodiscard]] const std::vector<std::size_t>& slots() const { return slots_; }  ///< by template: how many numbers
  [[nodiscard]] const std::vector<Column>& numbers() const { return numbers_; }   ///< by template

 private:
  TextTable templates_;
  std::vector<std::size_t> slots_;
  std::vector<Column> numbers_;
};

}  // namespace wp::report
