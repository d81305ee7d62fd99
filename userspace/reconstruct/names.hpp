// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Numbers and their names, from name records.
#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "bpf/wire/events.h"
#include "userspace/base/text.hpp"
#include "userspace/model/name.hpp"

namespace wp::reconstruct {

class NameTable {
 public:
  void on(const wp_name& record);
  /// Empty where no name is known.
  [[nodiscard]] model::Name get(wp_name_space space, std::uint64_t key) const;
  /// The symbol at an address, or the address itself where its symbol is not known.
  [[nodiscard]] model::Name symbol(std::uint64_t address) const;

 private:
  static constexpr std::size_t kSpaces = 8;
  struct Asked {
    std::uint64_t key = 0;
    std::uint32_t space = kSpaces;
    model::Name name;
  };
  std::unordered_map<std::uint64_t, model::Name> names_[kSpaces];
  mutable std::array<Asked, 64> asked_;  // the same few are asked for again and again
};

/// Text of a fixed-size field: up to its first NUL.
template <typename Text>
std::string text_of(const Text& field) {
  return std::string(until_nul(field.s));
}

/// The same for a task's name: as a rule one of the few that were asked for just before.
model::Name name_of(const wp_comm& comm);

}  // namespace wp::reconstruct
