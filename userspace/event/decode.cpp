// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/event/decode.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "userspace/event/fields.hpp"

namespace wp::event {
namespace {

// The wire struct is the decoded struct: that holds only while it is plain bytes without padding.
#define WP_LOCK(number, name, doc)                                                                              \
  static_assert(std::is_trivially_copyable_v<wp_##name> && std::has_unique_object_representations_v<wp_##name>, \
                #name " has padding or is no plain data");                                                      \
  static_assert(sizeof(wp_##name) % 8 == 0, #name " is no multiple of 8 bytes");
WP_EVENTS(WP_LOCK)
#undef WP_LOCK
static_assert(sizeof(wp_header) == 24);
static_assert(std::has_unique_object_representations_v<wp_header>);

template <typename Record>
void decode_as(Bytes bytes, Event& event) {
  Record& record = event.emplace<Record>();
  if (bytes.size() >= sizeof record)  // of a size known to the compiler
    std::memcpy(&record, bytes.data(), sizeof record);
  else
    std::memcpy(&record, bytes.data(), bytes.size());
}

}  // namespace

bool is_known_kind(std::uint16_t kind) {
  switch (kind) {
#define WP_CASE(number, name, doc) case number:
    WP_EVENTS(WP_CASE)
#undef WP_CASE
    return true;
    default: return false;
  }
}

bool decode(const RawRecord& record, Event& event) {
  switch (record.header.kind) {
#define WP_CASE(number, name, doc) \
  case number: decode_as<wp_##name>(record.bytes, event); return true;
    WP_EVENTS(WP_CASE)
#undef WP_CASE
    default: return false;
  }
}

std::optional<Event> decode(const RawRecord& record) {
  std::optional<Event> event(std::in_place);
  if (!decode(record, *event)) event.reset();
  return event;
}

std::optional<Event> decode_next(Bytes& rest, DecodeCounts& counts) {
  while (!rest.empty()) {
    const auto record = take_record(rest);
    if (!record) {
      counts.undecodable_bytes += rest.size();
      rest = {};
      return Loss{.cpu = Loss::kAllCpus, .why = Loss::Why::kUndecodable};
    }
    if (auto event = decode(*record)) return event;
    ++counts.unknown_kinds;
  }
  return std::nullopt;
}

void encode(const Event& event, std::vector<std::byte>& out) {
  std::visit(
      [&out]<typename Record>(const Record& given) {
        if constexpr (!std::is_same_v<Record, Loss>) {
          Record record = given;
          record.h.kind = kind_of<Record>.number;
          record.h.size = kind_of<Record>.size;
          const auto bytes = std::as_bytes(std::span(&record, 1));
          out.insert(out.end(), bytes.begin(), bytes.end());
        }
      },
      event);
}

}  // namespace wp::event
