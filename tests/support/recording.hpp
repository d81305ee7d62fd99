// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Small recordings for tests, and their bytes.
#include <cstddef>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/check.hpp"
#include "userspace/event/decode.hpp"
#include "userspace/event/text.hpp"
#include "userspace/stream/recording_reader.hpp"
#include "userspace/stream/recording_writer.hpp"

namespace wp::test {

/// The wire bytes of events written as text.
inline std::vector<std::byte> bytes_of_events(std::string_view text) {
  auto events = event::parse_events(text);
  if (!events) check_failed(events.error().message.c_str(), __FILE__, __LINE__);
  std::vector<std::byte> bytes;
  for (const auto& event : *events) event::encode(event, bytes);
  return bytes;
}

inline std::vector<char> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_file(const std::string& path, const std::vector<char>& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// A recording with one block per text.
inline void write_recording(const std::string& path, const std::vector<std::string>& blocks) {
  auto writer = stream::RecordingWriter::create(path, stream::own_header(), stream::Existing::kReplace);
  WP_CHECK(writer.has_value());
  for (const std::string& block : blocks) {
    WP_CHECK((*writer)->append(bytes_of_events(block)).has_value());
    WP_CHECK((*writer)->flush().has_value());
  }
  WP_CHECK((*writer)->close().has_value());
}

/// What reading a recording to its end gave.
struct ReadBack {
  std::vector<std::byte> records;
  std::size_t blocks = 0;
  std::vector<stream::Damage> damage;
  bool closed_cleanly = false;
};

inline ReadBack read_all(stream::RecordingReader& reader) {
  ReadBack all;
  for (auto item = reader.next(); item.index() != 0; item = reader.next()) {
    if (const auto* block = std::get_if<stream::Block>(&item)) {
      all.records.insert(all.records.end(), block->records.begin(), block->records.end());
      ++all.blocks;
    } else {
      all.damage.push_back(std::get<stream::Damage>(item));
    }
  }
  all.closed_cleanly = reader.end_counts().has_value();
  return all;
}

}  // namespace wp::test
