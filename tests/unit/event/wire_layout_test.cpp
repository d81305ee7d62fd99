// SPDX-License-Identifier: GPL-2.0-or-later
// Recordings are the wire structs: a field that moves makes old recordings unreadable without a word. This
// shows every offset, so that such a change is a visible line in a review.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "bpf/wire/events.h"

namespace {

std::string layout() {
  std::ostringstream out;
  out << "header " << sizeof(wp_header) << "\n";
  out << "  " << offsetof(wp_header, ts_ns) << " ts_ns\n  " << offsetof(wp_header, seq) << " seq\n  "
      << offsetof(wp_header, kind) << " kind\n  " << offsetof(wp_header, size) << " size\n  "
      << offsetof(wp_header, cpu) << " cpu\n";
#define WP_SHOW_FIELD(type, name, doc) \
  out << "  " << offsetof(Record, name) << " " #name " " #type " " << sizeof(Record::name) << "\n";
#define WP_SHOW(number, kind, doc)                            \
  {                                                           \
    using Record = wp_##kind;                                 \
    out << number << " " #kind " " << sizeof(Record) << "\n"; \
    WP_FIELDS_##kind(WP_SHOW_FIELD)                           \
  }
  WP_EVENTS(WP_SHOW)
#undef WP_SHOW
#undef WP_SHOW_FIELD
  return out.str();
}

TEST(WireLayoutTest, EveryOffsetIsWhereItWas) {
  const std::string path = WP_SOURCE_DIR "/tests/unit/wire_layout.golden";
  if (std::getenv("WP_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << layout();
  std::ifstream golden(path);
  std::istringstream is(layout());
  for (std::string now, before; std::getline(is, now);) {
    std::getline(golden, before);
    ASSERT_EQ(now, before) << "if this is meant, run it with WP_UPDATE_GOLDEN=1 and review the change";
  }
  EXPECT_TRUE(golden.peek() == EOF) << "fields or kinds are gone: old recordings have them";
}

}  // namespace
