// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Walks the fields of a record as its row in bpf/wire/events.h lists them (the common header is not among
// them): visit(name, member). Everything that treats all kinds alike is built on this.
#include <concepts>
#include <string_view>
#include <type_traits>

#include "bpf/wire/events.h"

namespace wp::event {

template <typename Record, typename Wire>
concept IsRecord = std::same_as<std::remove_const_t<Record>, Wire>;

// Record is `wp_NAME` or `const wp_NAME`: one definition for readers and writers.
#define WP_VISIT_FIELD(type, name, doc) visit(std::string_view(#name), record.name);
#define WP_VISIT_STRUCT(number, kind, doc)              \
  template <IsRecord<wp_##kind> Record, typename Visit> \
  void for_each_field(Record& record, Visit&& visit) {  \
    WP_FIELDS_##kind(WP_VISIT_FIELD)                    \
  }
WP_EVENTS(WP_VISIT_STRUCT)
#undef WP_VISIT_STRUCT
#undef WP_VISIT_FIELD

/// Number, name and sentence of a kind: kind_of<wp_run>.name.
struct Kind {
  std::uint16_t number;
  std::string_view name, doc;
  std::uint16_t size;
};
template <typename Record>
inline constexpr Kind kind_of{};
#define WP_KIND_OF(number, name, doc) \
  template <>                         \
  inline constexpr Kind kind_of<wp_##name>{number, #name, doc, sizeof(wp_##name)};
WP_EVENTS(WP_KIND_OF)
#undef WP_KIND_OF

#define WP_KIND_ROW(number, name, doc) kind_of<wp_##name>,
inline constexpr Kind kKinds[] = {WP_EVENTS(WP_KIND_ROW)};
#undef WP_KIND_ROW

}  // namespace wp::event
