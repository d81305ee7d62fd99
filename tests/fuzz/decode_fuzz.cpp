// SPDX-License-Identifier: GPL-2.0-or-later
// The decoder alone: bytes to events and back, and to text and back, lose nothing.
#include <cstring>
#include <vector>

#include "tests/fuzz/checks.hpp"
#include "userspace/event/decode.hpp"
#include "userspace/event/text.hpp"

namespace {

wp_header header_of(const std::vector<std::byte>& bytes) {
  wp_header header;
  std::memcpy(&header, bytes.data(), sizeof header);
  return header;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using wp::fuzz::require;
  const wp::event::Bytes all = std::as_bytes(std::span(data, size));
  wp::event::DecodeCounts counts;
  wp::event::Bytes rest = all;
  std::vector<std::byte> again;
  while (!rest.empty()) {
    const std::size_t before = rest.size();
    const auto event = wp::event::decode_next(rest, counts);
    require(rest.size() < before, "each step takes something");
    if (!event) continue;
    again.clear();
    wp::event::encode(*event, again);
    if (again.empty()) continue;  // a loss
    wp::event::Bytes bytes(again);
    const auto twin = wp::event::decode_next(bytes, counts);
    require(twin.has_value() && bytes.empty(), "what was encoded decodes");
    // Text is slow: one input in sixteen. Without a number a record is given one there.
    if ((data[0] & 15U) != 0 || header_of(again).seq == 0) continue;
    const std::string text = wp::event::to_text(*event);
    wp::fuzz::require_printable(text);
    const auto parsed = wp::event::parse_events(text);
    require(parsed.has_value() && parsed->size() == 1, "the text form reads back");
    const std::string back = wp::event::to_text((*parsed)[0]);
    require(back == text, "and says the same");  // but for what stands behind a NUL
  }
  return 0;
}
