// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What must hold for every input, however it was made: a violation ends the process, which is how a fuzzer sees it.
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "userspace/model/model.hpp"
#include "userspace/report/export_jsonl.hpp"
#include "userspace/report/show.hpp"
#include "userspace/report/summary.hpp"

namespace wp::fuzz {

inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "violated: %s\n", what);
  std::abort();
}

/// A JSON string of it, without the quotes: its parser is a UTF-8 decoder that is not ours.
inline std::string as_json_string(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c != '\n') out += c;
  }
  return out;
}

/// No byte that could move a cursor or be cut inside a character.
inline void require_printable(std::string_view text) {
  for (const char c : text) require(c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f), "control byte");
  require(!nlohmann::json::parse('"' + as_json_string(text) + '"', nullptr, false).is_discarded(), "valid UTF-8");
}

/// Times are seen or not; a stage without one has 0, and none is before the path's first.
inline void require_sound(const model::Path& path) {
  for (const model::StagePoint& point : path.stages)
    require(point.has_time() || point.ts_ns == 0, "a stage without a time has none");
  const auto total = model::total_ns(path);
  require(!total || *total <= path.at(model::Stage::kDone).ts_ns, "no total is longer than the time of its end");
}

/// Every form a path can leave in.
inline void render(const model::Path& path) {
  require_sound(path);
  std::string line;
  report::append_jsonl(line, path);
  require(!nlohmann::json::parse(line, nullptr, false).is_discarded(), "a path is valid JSON");
  report::Style plain;
  plain.color = false;
  require_printable(report::render_path(path, plain));
}

}  // namespace wp::fuzz
