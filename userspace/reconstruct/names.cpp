// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/reconstruct/names.hpp"

#include <array>
#include <bit>
#include <cstdio>

namespace wp::reconstruct {

void NameTable::on(const wp_name& record) {
  if (record.space >= kSpaces) return;
  names_[record.space][record.key] = text_of(record.text);
  asked_.fill({});
}

model::Name NameTable::get(wp_name_space space, std::uint64_t key) const {
  Asked& asked = asked_[(key + space * 7U) % asked_.size()];
  if (asked.key == key && asked.space == space) return asked.name;
  const auto& names = names_[space];
  const auto it = names.find(key);
  asked = {key, space, it == names.end() ? model::Name() : it->second};
  return asked.name;
}

model::Name NameTable::symbol(std::uint64_t address) const {
  const model::Name name = get(WP_NAME_symbol, address);
  if (!name.empty() || !address) return name;
  std::array<char, 20> text{};
  std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(address));
  return text.data();
}

model::Name name_of(const wp_comm& comm) {
  struct Known {
    std::array<std::uint64_t, 2> bytes{};
    model::Name name;
  };
  static thread_local std::array<Known, 64> known;
  const auto bytes = std::bit_cast<std::array<std::uint64_t, 2>>(comm);
  Known& mine = known[((bytes[0] ^ bytes[1] * 31U) * 0x9e3779b97f4a7c15U) >> 58U];
  if (mine.bytes != bytes) mine = {bytes, until_nul(comm.s)};
  return mine.name;
}

}  // namespace wp::reconstruct
