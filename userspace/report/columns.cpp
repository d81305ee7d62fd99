// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/columns.hpp"

#include <charconv>

#include "userspace/base/text.hpp"

namespace wp::report {

std::uint32_t TextTable::index_of(std::string_view text) {
  if (const auto found = index_.find(text); found != index_.end()) return found->second;
  const auto index = static_cast<std::uint32_t>(texts_.size());
  texts_.push_back(valid_utf8(text));
  index_.emplace(text, index);
  return index;
}

std::uint32_t Wordings::add(std::string_view text) {
  const Template words = take_numbers_out(text);
  const std::uint32_t index = templates_.index_of(words.text);
  if (index == slots_.size()) {
    slots_.push_back(words.numbers.size());
    numbers_.emplace_back();
  }
  for (const std::uint64_t number : words.numbers) numbers_[index].add(number);
  return index;
}

Template take_numbers_out(std::string_view text) {
  constexpr std::size_t kMostDigits = 15;  // exact in a double
  Template result;
  result.text.reserve(text.size());
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && is_digit(text[end])) ++end;
    const std::size_t digits = end - i;
    if (digits == 0) {
      if (text[i] != '\1') result.text += text[i];
      ++i;
    } else if (digits > kMostDigits || (digits > 1 && text[i] == '0')) {  // would not come back the same
      result.text.append(text.substr(i, digits));
      i = end;
    } else {
      std::uint64_t number = 0;
      std::from_chars(text.data() + i, text.data() + end, number);
      result.numbers.push_back(number);
      result.text += '\1';
      i = end;
    }
  }
  return result;
}

}  // namespace wp::report
