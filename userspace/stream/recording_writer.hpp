// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Writes a recording. The file is readable up to the last whole block at every moment: a block that can't
// be written whole is cut off again, and the first failure is final, so that nothing stands behind a hole.
// Records wait in memory until flush(); call it at least every 100 ms. Not closed: the file lacks its end block.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/io.hpp"
#include "userspace/base/result.hpp"
#include "userspace/event/record_sink.hpp"
#include "userspace/stream/columns.hpp"
#include "userspace/stream/format.hpp"
#include "userspace/stream/header.hpp"

struct ZSTD_CCtx_s;

namespace wp::stream {

enum class Existing {
  kRefuse,
  kReplace
};  ///< kReplace: a regular file of our own is removed first

/// Whose file it becomes.
struct Owner {
  uid_t uid = 0;
  gid_t gid = 0;
};

class RecordingWriter : public event::RecordSink {
 public:
  /// Makes the file, mode 0600, and writes its header block. Never follows or reuses what stands at `path`.
  /// `owner`: gets the file, and counts as ourselves where one is replaced.
  static Result<std::unique_ptr<RecordingWriter>> create(const std::string& path, const Header& header,
                                                         Existing existing, std::optional<Owner> owner = std::nullopt,
                                                         IoVfs& io = system_io());
  ~RecordingWriter() override;

  Result<void> append(Bytes records) override;
  /// Cuts a block of what was appended since.
  Result<void> flush() override;
  /// Flushes, writes the end block, syncs. Nothing may be called after it.
  Result<void> close();

  [[nodiscard]] const EndCounts& counts() const { return counts_; }  ///< of what stands in the file
  [[nodiscard]] std::uint64_t file_bytes() const { return file_bytes_; }

 private:
  RecordingWriter(std::string path, int fd, IoVfs& io);
  Result<void> write_block(BlockType type, Bytes payload);
  Error fail(const char* doing, int error);

  std::string path_;
  IoVfs& io_;
  int fd_;
  struct FreeContext {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_CCtx_s, FreeContext> zstd_;
  std::vector<std::byte> raw_;  // records of the next block
  Columns columns_;
  std::vector<std::byte> packed_;  // the same in columns
  std::vector<std::byte> file_;    // header and compressed payload, as they go to the file
  std::uint64_t raw_records_ = 0;
  std::uint64_t raw_probe_records_ = 0;
  std::uint64_t first_ns_ = 0;
  std::uint64_t last_ns_ = 0;
  std::uint64_t sequence_ = 0;
  std::uint64_t file_bytes_ = 0;  // whole blocks
  EndCounts counts_;
  std::optional<Error> failure_;
};

}  // namespace wp::stream
