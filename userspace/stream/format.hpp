// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// The recording file, as docs/recording-format.md describes it: whole blocks one after the other, each
// sealed by itself, so that a file cut or damaged anywhere gives back every other block.
//
//   header block (JSON) | record blocks (wire records, in columns) ... | end block (JSON)
//
// Header and payload have a checksum each. With a single one over both, the length of a damaged block could
// not be trusted, and finding the next block would mean trying every place: slow, and worse on made-up files.
#include <zstd.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace wp::stream {

using Bytes = std::span<const std::byte>;

inline constexpr std::uint16_t kFormatMajor = 2;  // 1: blocks of columns are not known
inline constexpr std::uint16_t kFormatMinor = 0;

/// Not text in its first byte, line ends that a text transfer would change: as PNG does it.
inline constexpr std::array<std::uint8_t, 8> kMagic{0x89, 'W', 'K', 'P', '\r', '\n', 0x1a, '\n'};

/// Records are collected up to here, then a block is cut. Making one takes about a millisecond of a CPU that a server
/// may want; larger ones would save a tenth of the file.
inline constexpr std::size_t kBlockTarget = std::size_t{1} << 17;
/// A reader accepts no more.
inline constexpr std::size_t kMaxRaw = (std::size_t{1} << 20) + 65536;
inline constexpr std::size_t kMaxStored = ZSTD_COMPRESSBOUND(kMaxRaw);

enum class BlockType : std::uint16_t {
  kHeader = 1,
  kRecords = 2,
  kEnd = 3,
  kColumns = 4,  ///< records again, column by column
};

/// Little-endian, as everything in the file. Magic, version and the place of the checksum stay for ever.
struct BlockHeader {
  std::array<std::uint8_t, 8> magic = kMagic;
  std::uint16_t major = kFormatMajor;
  std::uint16_t minor = kFormatMinor;
  BlockType type = BlockType::kRecords;
  std::uint16_t unused = 0;
  std::uint64_t sequence = 0;    ///< 0, 1, 2 ...: a missing block is noticed
  std::uint32_t raw_len = 0;     ///< payload after decompression
  std::uint32_t stored_len = 0;  ///< payload in the file, one zstd frame
  std::uint64_t first_ns = 0;    ///< least and greatest time of its records, 0: it has none
  std::uint64_t last_ns = 0;
  std::uint64_t payload_sum = 0;  ///< XXH3-64 of the payload as stored
  std::uint64_t header_sum = 0;   ///< XXH3-64 of this header up to here
};
static_assert(sizeof(BlockHeader) == 64 && offsetof(BlockHeader, header_sum) == 56);
static_assert(std::endian::native == std::endian::little, "the wire structs are written as they are in memory");

std::uint64_t payload_checksum(Bytes payload);
std::uint64_t header_checksum(const BlockHeader& header);

/// The header at the start of `bytes`; nullopt where none stands whole and intact. Its lengths are then
/// within the bounds above, unless its major version is newer.
std::optional<BlockHeader> read_block_header(Bytes bytes);

}  // namespace wp::stream
