// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/stream/format.hpp"

#include <xxhash.h>

#include <cstring>

namespace wp::stream {

std::uint64_t payload_checksum(Bytes payload) { return XXH3_64bits(payload.data(), payload.size()); }

std::uint64_t header_checksum(const BlockHeader& header) {
  return XXH3_64bits(&header, offsetof(BlockHeader, header_sum));
}

std::optional<BlockHeader> read_block_header(Bytes bytes) {
  BlockHeader header;
  if (bytes.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != kMagic || header.header_sum != header_checksum(header)) return std::nullopt;
  const bool newer = header.major > kFormatMajor;
  if (!newer && (header.raw_len > kMaxRaw || header.stored_len > kMaxStored)) return std::nullopt;
  return header;
}

}  // namespace wp::stream
