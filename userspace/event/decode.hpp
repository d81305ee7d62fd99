// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Bytes to events and back. Bytes may come from a file made elsewhere: nothing in them is trusted, nothing
// is read past their end, and what can't be decoded is said, never guessed.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "userspace/event/event.hpp"

namespace wp::event {

/// More CPUs than Linux knows: a record of a later one is not a record.
inline constexpr std::uint32_t kMaxCpus = 8192;

using Bytes = std::span<const std::byte>;

/// One whole record as it was made; `bytes` includes the header.
struct RawRecord {
  wp_header header;
  Bytes bytes;
};

/// Takes the next record off `rest`. nullopt where no record stands there; `rest` then is as it was, and
/// what follows can't be found either, because records are only found by the size of the one before.
inline std::optional<RawRecord> take_record(Bytes& rest) {
  RawRecord record;
  if (rest.size() < sizeof record.header) return std::nullopt;
  std::memcpy(&record.header, rest.data(), sizeof record.header);
  const std::size_t size = record.header.size;
  if (size < sizeof record.header || size % 8 != 0 || size > rest.size()) return std::nullopt;
  if (record.header.kind == 0 || record.header.cpu >= kMaxCpus) return std::nullopt;
  record.bytes = rest.first(size);
  rest = rest.subspan(size);
  return record;
}

bool is_known_kind(std::uint16_t kind);

/// min(record's size, our size) is taken, the rest is 0: older and newer minor versions both read.
/// nullopt where the kind is not known here.
std::optional<Event> decode(const RawRecord& record);
/// The same in place of `event`; false where the kind is not known here.
bool decode(const RawRecord& record, Event& event);

struct DecodeCounts {
  std::uint64_t unknown_kinds = 0;  ///< records of a newer minor version, skipped
  std::uint64_t undecodable_bytes = 0;
};

/// The next event of `rest`, which must not be empty; records of unknown kind are skipped and counted.
/// Bytes that are no record use up the rest and become Loss{kUndecodable}; nullopt when only unknown
/// kinds were left.
std::optional<Event> decode_next(Bytes& rest, DecodeCounts& counts);

/// The bytes of an event; a Loss has none. `kind` and `size` are filled in.
void encode(const Event& event, std::vector<std::byte>& out);

}  // namespace wp::event
