// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What a recording says about itself: its first and its last block, JSON so that any program can read them.
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "userspace/base/result.hpp"
#include "userspace/stream/format.hpp"

namespace wp::stream {

struct HookEntry {
  std::string name;  ///< program, as in WP_HOOKS
  std::string tracepoint;
  std::string stage;
  bool attached = false;
  std::string reason;  ///< why it is not attached
};

struct KindEntry {
  std::uint16_t number = 0;
  std::string name;
  std::uint16_t size = 0;  ///< what the writer knew; records of the file may be read without us by it
};

struct Header {
  std::uint16_t format_major = kFormatMajor;
  std::uint16_t format_minor = kFormatMinor;
  std::uint16_t wire_major = 0;  ///< of the records
  std::uint16_t wire_minor = 0;
  std::string tool_version;
  std::string kernel;  ///< uname -r
  std::string arch;    ///< uname -m
  std::string target;  ///< what was watched, in words of the command line
  std::string command_line;
  std::uint32_t cpus = 0;
  std::uint64_t monotonic_ns = 0;  ///< both clocks at one moment
  std::int64_t realtime_ns = 0;
  std::uint64_t ring_bytes = 0;  ///< of one CPU's ring
  std::vector<HookEntry> hooks;
  std::vector<KindEntry> kinds;
  std::map<std::string, std::string> options;

  [[nodiscard]] std::int64_t realtime_offset_ns() const {
    return realtime_ns - static_cast<std::int64_t>(monotonic_ns);
  }
};

/// A header with everything filled in that this program knows by itself: versions and kinds.
Header own_header();

/// Strings of any bytes go in; see valid_utf8() for what a reader in another language finds.
std::string to_json(const Header& header);
Result<Header> header_from_json(std::string_view text);

/// Written when the recording is closed in an orderly way.
struct EndCounts {
  std::uint64_t records = 0;
  std::uint64_t record_bytes = 0;
  std::uint64_t blocks = 0;         ///< record blocks
  std::uint64_t probe_records = 0;  ///< of the records, those that came through a ring
};

std::string to_json(const EndCounts& counts);
Result<EndCounts> end_counts_from_json(std::string_view text);

}  // namespace wp::stream
