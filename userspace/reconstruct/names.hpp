// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Numbers and their names, from name records.
#include <cstdint>
#include <string>
#include <unordered_map>

#include "bpf/wire/events.h"
#include "userspace/base/text.hpp"

namespace wp::reconstruct {

class NameTable {
 public:
  void on(const wp_name& record);
  /// Empty where no name is known.
  [[nodiscard]] const std::string& get(wp_name_space space, std::uint64_t key) const;
  /// The symbol at an address, or the address itself where its symbol is not known.
  [[nodiscard]] std::string symbol(std::uint64_t address) const;

 private:
  static constexpr std::size_t kSpaces = 8;
  std::unordered_map<std::uint64_t, std::string> names_[kSpaces];
};

/// Text of a fixed-size field: up to its first NUL.
template <typename Text>
std::string text_of(const Text& field) {
  return std::string(until_nul(field.s));
}

}  // namespace wp::reconstruct
