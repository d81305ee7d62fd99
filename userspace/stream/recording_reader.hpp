// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Reads a recording block by block. The file may be cut, damaged or made up: every length is checked before
// it is used, and whatever can't be read is named as Damage and passed over, never guessed.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "userspace/base/result.hpp"
#include "userspace/base/unique_fd.hpp"
#include "userspace/stream/columns.hpp"
#include "userspace/stream/format.hpp"
#include "userspace/stream/header.hpp"

struct ZSTD_DCtx_s;

namespace wp::stream {

/// Records of one block, in the order they were taken from the rings. Valid until the next call.
struct Block {
  Bytes records;
  std::uint64_t sequence = 0;
  std::uint64_t first_ns = 0;
  std::uint64_t last_ns = 0;
};

/// Bytes of the file that can't be used.
struct Damage {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;    ///< 0: blocks are missing without a trace
  std::uint64_t from_ns = 0;  ///< its records lie between these times; 0: from the start, ~0: to the end
  std::uint64_t to_ns = 0;
  std::string reason;  ///< a phrase: "cut off in the middle of a block"
};

class RecordingReader {
 public:
  static Result<RecordingReader> open(const std::string& path);

  [[nodiscard]] const Header& header() const { return header_; }

  /// Blocks and damage in file order; std::monostate at the end, and again if called again.
  using Item = std::variant<std::monostate, Block, Damage>;
  Item next();

  /// Once next() came to the end: what the end block said, nullopt where the recording was not closed.
  [[nodiscard]] const std::optional<EndCounts>& end_counts() const { return end_; }

 private:
  RecordingReader(UniqueFd fd, std::uint64_t size);
  Result<void> read_header(const std::string& name);
  Bytes view(std::uint64_t offset, std::size_t length);
  void fill_window(std::uint64_t offset, std::size_t length);
  std::optional<Bytes> unpack(const BlockHeader& header, Bytes stored);
  Item block_at(const BlockHeader& header);
  std::optional<Item> out_of_order(const BlockHeader& header);
  Damage pass_over(std::uint64_t bytes, std::string reason, std::uint64_t from_ns, std::uint64_t to_ns);
  Damage resync();
  Damage after_the_end();
  std::optional<std::uint64_t> find_block(std::uint64_t from);

  UniqueFd fd_;
  std::uint64_t size_;
  std::uint64_t at_ = 0;  // where the next block should begin
  std::uint64_t expected_ = 0;
  std::uint64_t previous_first_ns_ = 0;
  Header header_;
  std::optional<EndCounts> end_;
  struct FreeContext {
    void operator()(ZSTD_DCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_DCtx_s, FreeContext> zstd_;
  std::vector<std::byte> window_;  // a piece of the file, from window_at_
  std::uint64_t window_at_ = 0;
  int read_error_ = 0;  // met since the last Damage
  std::vector<std::byte> raw_;
  Columns columns_;
  std::vector<std::byte> records_;  // of a block in columns
};

}  // namespace wp::stream
