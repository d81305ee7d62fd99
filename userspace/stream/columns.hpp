// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Records of a block, written column by column: docs/recording-format.md has the layout. Fields of one kind are alike
// from record to record, and times within a record are near its own; as differences most of them are short or 0.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "userspace/stream/format.hpp"

namespace wp::stream {

class Columns {
 public:
  /// Replaces `packed` by whole records in their columns. False where they are of too many shapes (kind and size) for
  /// it: then they are to be written as they are.
  bool pack(Bytes records, std::vector<std::byte>& packed);
  /// Replaces `records` by what was packed; false where these bytes are no columns. They may be any bytes.
  bool unpack(Bytes packed, std::vector<std::byte>& records);

 private:
  struct Shape {
    std::uint16_t kind = 0, size = 0;
    std::vector<std::uint32_t> at;  // offsets of its records
  };
  bool find_shapes(Bytes records);
  std::uint8_t shape_of(std::uint16_t kind, std::uint16_t size);
  bool read_shapes(Bytes& rest, std::vector<std::byte>& records);

  std::vector<Shape> shapes_;
  std::size_t used_ = 0;             // of them
  std::vector<std::uint32_t> all_;   // offsets of all records
  std::vector<std::uint8_t> order_;  // the shape of each
  std::vector<std::uint64_t> differences_;
};

}  // namespace wp::stream
