// SPDX-License-Identifier: GPL-2.0-or-later
// Blocks in columns: bytes that claim to be one are refused or give records; whole records come back as they were.
#include "tests/fuzz/checks.hpp"
#include "userspace/event/decode.hpp"
#include "userspace/stream/columns.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static wp::stream::Columns columns;
  const wp::event::Bytes given = std::as_bytes(std::span(data, size));
  std::vector<std::byte> records, packed, back;
  if (columns.unpack(given, records)) wp::fuzz::require(records.size() <= wp::stream::kMaxRaw, "no more than a block");

  wp::event::Bytes rest = given;
  while (wp::event::take_record(rest)) continue;
  const wp::event::Bytes whole = given.first(given.size() - rest.size());
  if (!columns.pack(whole, packed)) return 0;
  wp::fuzz::require(columns.unpack(packed, back), "what was packed unpacks");
  wp::fuzz::require(std::equal(whole.begin(), whole.end(), back.begin(), back.end()), "and is the same");
  return 0;
}
