// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/reconstruct/names.hpp"

#include <array>
#include <cstdio>

namespace wp::reconstruct {

void NameTable::on(const wp_name& record) {
  if (record.space < kSpaces) names_[record.space][record.key] = text_of(record.text);
}

const std::string& NameTable::get(wp_name_space space, std::uint64_t key) const {
  static const std::string kNone;
  const auto& names = names_[space];
  const auto it = names.find(key);
  return it == names.end() ? kNone : it->second;
}

std::string NameTable::symbol(std::uint64_t address) const {
  const std::string& name = get(WP_NAME_symbol, address);
  if (!name.empty() || !address) return name;
  std::array<char, 20> text{};
  std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(address));
  return text.data();
}

}  // namespace wp::reconstruct
