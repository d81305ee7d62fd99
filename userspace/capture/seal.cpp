// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/capture/seal.hpp"

#include <cstring>

namespace wp::capture {

SealCounts& SealCounts::operator+=(const SealCounts& other) {
  records += other.records;
  inside += other.inside;
  torn += other.torn;
  foreign_word += other.foreign_word;
  foreign_state += other.foreign_state;
  if (other.broken() != 0) {
    hook = other.hook;
    kind = other.kind;
  }
  return *this;
}

std::span<const std::byte> unsealed(std::span<const std::byte> sealed, SealCounts& counts) {
  const std::uint64_t before = counts.broken();
  ++counts.records;
  if (sealed.size() < sizeof(wp_header) + sizeof(wp_seal)) {
    ++counts.torn;
    return sealed;
  }
  const auto record = sealed.first(sealed.size() - sizeof(wp_seal));
  wp_header header;
  wp_seal seal;
  std::memcpy(&header, record.data(), sizeof header);
  std::memcpy(&seal, record.data() + record.size(), sizeof seal);
  counts.inside += seal.inside_of != 0;
  const bool is_whole = header.size == record.size() && seal.canary == wp_canary_of(&header) &&
                        seal.sum == wp_sum_of(record.data(), static_cast<wp_u32>(record.size()));
  counts.torn += !is_whole;
  counts.foreign_word += seal.own != header.seq;
  const bool may_write_state = seal.hook == WP_HOOK_sched__switch;
  counts.foreign_state += !may_write_state && (seal.tid != seal.tid_after || seal.who != seal.who_after);
  if (counts.broken() != before) {
    counts.hook = seal.hook;
    counts.kind = header.kind;
  }
  return record;
}

}  // namespace wp::capture
