// SPDX-License-Identifier: GPL-2.0-or-later
// The recording reader on files of any bytes. Checksums would stop a fuzzer at the door, so the first byte says what
// is sealed again before: bit 0, every block header; bit 1, its payload too; bit 2, the payload is not the
// compressed bytes but the raw ones, and is compressed here. One input in 32 is analysed, which takes far longer
// than reading it: the analysis has a fuzzer of its own.
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

#include <cstring>
#include <memory>
#include <vector>

#include "tests/fuzz/checks.hpp"
#include "userspace/event/event_sink.hpp"
#include "userspace/reconstruct/reconstructor.hpp"
#include "userspace/stream/recording_reader.hpp"
#include "userspace/stream/replay.hpp"

namespace {

using wp::stream::BlockHeader;
using Buffer = std::vector<std::byte>;

Buffer compressed(wp::stream::Bytes raw) {
  Buffer out(ZSTD_compressBound(raw.size()));
  out.resize(ZSTD_compress(out.data(), out.size(), raw.data(), raw.size(), 1));
  return out;
}

// Blocks begin where a magic stands; what lies between is their payload.
Buffer sealed(wp::stream::Bytes file, unsigned how) {
  Buffer out;
  while (!file.empty()) {
    BlockHeader header;
    if (file.size() < sizeof header || std::memcmp(file.data(), wp::stream::kMagic.data(), 8) != 0) {
      out.push_back(file[0]);
      file = file.subspan(1);
      continue;
    }
    std::memcpy(&header, file.data(), sizeof header);
    file = file.subspan(sizeof header);
    const auto* next = static_cast<const std::byte*>(memmem(file.data(), file.size(), wp::stream::kMagic.data(), 8));
    wp::stream::Bytes payload = file.first(next ? static_cast<std::size_t>(next - file.data()) : file.size());
    file = file.subspan(payload.size());
    Buffer packed;
    if (how & 4U) {
      header.raw_len = static_cast<std::uint32_t>(payload.size());
      packed = compressed(payload);
      payload = packed;
    }
    if (how & 2U) {
      header.stored_len = static_cast<std::uint32_t>(payload.size());
      header.payload_sum = wp::stream::payload_checksum(payload);
    }
    header.header_sum = wp::stream::header_checksum(header);
    const auto head = std::as_bytes(std::span(&header, 1));
    out.insert(out.end(), head.begin(), head.end());
    out.insert(out.end(), payload.begin(), payload.end());
  }
  return out;
}

class MemoryFile {
 public:
  MemoryFile() : fd_(memfd_create("fuzz", MFD_CLOEXEC)), path_("/proc/self/fd/" + std::to_string(fd_)) {}
  const std::string& with(wp::stream::Bytes bytes) {
    const bool written =
        ftruncate(fd_, 0) == 0 && pwrite(fd_, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
    wp::fuzz::require(written, "the file could be written");
    return path_;
  }

 private:
  int fd_;
  std::string path_;
};

struct Unread final : wp::event::EventSink {
  void on(const wp::event::Event& /*event*/) override {}
  void end() override {}
};

wp::stream::Replayed replay(wp::stream::RecordingReader& reader, bool is_analysed) {
  Unread unread;
  if (!is_analysed) return wp::stream::replay(reader, unread);
  wp::reconstruct::Reconstructor reconstructor([](const wp::model::Path& path) { wp::fuzz::require_sound(path); });
  return wp::stream::replay(reader, reconstructor);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static MemoryFile file;
  if (size == 0) return 0;
  const wp::stream::Bytes given = std::as_bytes(std::span(data + 1, size - 1));
  const Buffer bytes = data[0] & 7U ? sealed(given, data[0]) : Buffer(given.begin(), given.end());

  auto reader = wp::stream::RecordingReader::open(file.with(bytes));
  if (!reader) return 0;
  const auto replayed = replay(*reader, data[0] >> 3U == 0);
  std::uint64_t damaged = 0;
  for (const auto& damage : replayed.damage) damaged += damage.bytes;
  wp::fuzz::require(damaged <= bytes.size(), "no more is damaged than there is");
  return 0;
}
