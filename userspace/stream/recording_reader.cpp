// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/stream/recording_reader.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "bpf/wire/events.h"
#include "userspace/base/check.hpp"
#include "userspace/base/text.hpp"

namespace wp::stream {
namespace {

constexpr std::size_t kWindow = std::size_t{1} << 18;
constexpr std::uint64_t kToTheEnd = ~std::uint64_t{0};

Error cannot_open(const std::string& name, int error) {
  const char* next = "";
  if (error == ENOENT) next = "; check the name, or make one with 'wakepath record'";
  if (error == EACCES || error == EPERM) next = "; a recording belongs to the user who made it";
  return {.message = fmt::format("open recording '{}': {}{}", name, std::strerror(error), next)};
}

Error refused(const std::string& name, std::string_view why) {
  return {.message = fmt::format("open recording '{}': {}", name, why)};
}

// Never blocks on a FIFO, never becomes a terminal's owner: only a regular file is a recording.
Result<UniqueFd> open_regular(const std::string& path, const std::string& name, std::uint64_t& size) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return cannot_open(name, errno);
  struct stat st {};
  if (::fstat(fd.get(), &st) != 0) return cannot_open(name, errno);
  if (!S_ISREG(st.st_mode)) return refused(name, "not a regular file; name the file 'wakepath record' wrote");
  size = static_cast<std::uint64_t>(st.st_size);
  return fd;
}

}  // namespace

void RecordingReader::FreeContext::operator()(ZSTD_DCtx_s* context) const { ZSTD_freeDCtx(context); }

RecordingReader::RecordingReader(UniqueFd fd, std::uint64_t size)
    : fd_(std::move(fd)), size_(size), zstd_(ZSTD_createDCtx()) {
  WP_CHECK(zstd_ != nullptr);
}

Result<RecordingReader> RecordingReader::open(const std::string& path) {
  const std::string name = printable(path);
  std::uint64_t size = 0;
  auto fd = open_regular(path, name, size);
  if (!fd) return std::move(fd.error());
  if (size == 0) return refused(name, "it is empty: the recording never began; record again");
  RecordingReader reader(std::move(*fd), size);
  if (auto read = reader.read_header(name); !read) return std::move(read.error());
  return reader;
}

Result<void> RecordingReader::read_header(const std::string& name) {
  const Bytes start = view(0, sizeof(BlockHeader));
  const std::size_t compared = std::min(start.size(), kMagic.size());
  if (compared == 0 || std::memcmp(start.data(), kMagic.data(), compared) != 0) {
    return refused(name, "not a recording (bad magic); name the file 'wakepath record' wrote");
  }
  const auto head = read_block_header(start);
  const char* damaged = "its header block is damaged or cut off, and nothing can be read without it; record again";
  if (!head) return refused(name, damaged);
  if (head->major > kFormatMajor) {
    return refused(name, fmt::format("it has format {}.{}, this program reads up to {}.x; use a newer wakepath",
                                     head->major, head->minor, kFormatMajor));
  }
  const Bytes stored = view(sizeof *head, head->stored_len);
  const auto raw = stored.size() == head->stored_len ? unpack(*head, stored) : std::nullopt;
  if (!raw || head->type != BlockType::kHeader) return refused(name, damaged);
  auto header = header_from_json({reinterpret_cast<const char*>(raw->data()), raw->size()});
  if (!header) return refused(name, damaged);
  if (header->wire_major > WP_WIRE_MAJOR) {
    return refused(name,
                   fmt::format("its events have format {}.{}, this program reads up to {}.x; use a newer wakepath",
                               header->wire_major, header->wire_minor, WP_WIRE_MAJOR));
  }
  header_ = std::move(*header);
  at_ = sizeof *head + head->stored_len;
  expected_ = head->sequence + 1;
  return {};
}

// Up to `length` bytes from `offset`: fewer where the file ends or can't be read. Valid until the next call.
Bytes RecordingReader::view(std::uint64_t offset, std::size_t length) {
  length = static_cast<std::size_t>(std::min<std::uint64_t>(length, size_ - offset));
  const bool inside = offset >= window_at_ && offset + length <= window_at_ + window_.size();
  if (!inside)
    fill_window(offset, static_cast<std::size_t>(std::min<std::uint64_t>(std::max(length, kWindow), size_ - offset)));
  const std::size_t skip = static_cast<std::size_t>(offset - window_at_);
  return Bytes(window_).subspan(skip, std::min(length, window_.size() - skip));
}

void RecordingReader::fill_window(std::uint64_t offset, std::size_t length) {
  window_.resize(length);
  window_at_ = offset;
  std::size_t have = 0;
  while (have < length) {
    const ssize_t got = ::pread(fd_.get(), window_.data() + have, length - have, static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) read_error_ = errno;
    if (got <= 0) break;
    have += static_cast<std::size_t>(got);
  }
  window_.resize(have);
}

std::optional<Bytes> RecordingReader::unpack(const BlockHeader& header, Bytes stored) {
  if (payload_checksum(stored) != header.payload_sum) return std::nullopt;
  raw_.resize(header.raw_len);
  const std::size_t length = ZSTD_decompressDCtx(zstd_.get(), raw_.data(), raw_.size(), stored.data(), stored.size());
  if (ZSTD_isError(length) || length != header.raw_len) return std::nullopt;
  if (header.type != BlockType::kColumns) return Bytes(raw_);
  if (!columns_.unpack(raw_, records_)) return std::nullopt;
  return Bytes(records_);
}

RecordingReader::Item RecordingReader::next() {
  while (at_ < size_) {
    const auto header = read_block_header(view(at_, sizeof(BlockHeader)));
    if (!header || header->major > kFormatMajor) return resync();
    if (auto damage = out_of_order(*header)) return *damage;
    if (Item item = block_at(*header); item.index() != 0) return item;
  }
  return {};
}

// The sequence numbers tell what checksums can't: blocks that were taken out, repeated or put after the end.
std::optional<RecordingReader::Item> RecordingReader::out_of_order(const BlockHeader& header) {
  if (end_) return after_the_end();
  if (header.sequence < expected_) {
    return pass_over(sizeof header + header.stored_len, "a block that was there before", header.first_ns,
                     header.last_ns);
  }
  if (header.sequence == expected_) return std::nullopt;
  const std::string reason = fmt::format("{} blocks are missing", header.sequence - expected_);
  expected_ = header.sequence;
  return pass_over(0, reason, previous_first_ns_, header.last_ns == 0 ? kToTheEnd : header.last_ns);
}

// Empty where the block is whole and has nothing to pass on.
RecordingReader::Item RecordingReader::block_at(const BlockHeader& header) {
  const std::uint64_t length = sizeof header + header.stored_len;
  if (length > size_ - at_) return resync();
  const Bytes stored = view(at_ + sizeof header, header.stored_len);
  const auto raw = stored.size() == header.stored_len ? unpack(header, stored) : std::nullopt;
  ++expected_;
  if (!raw) return pass_over(length, "a block fails its checksum", header.first_ns, header.last_ns);
  at_ += length;
  if (header.type == BlockType::kRecords || header.type == BlockType::kColumns) {
    previous_first_ns_ = header.first_ns;
    return Block{.records = *raw, .sequence = header.sequence, .first_ns = header.first_ns, .last_ns = header.last_ns};
  }
  if (header.type == BlockType::kEnd) {
    const auto counts = end_counts_from_json({reinterpret_cast<const char*>(raw->data()), raw->size()});
    end_ = counts ? *counts : EndCounts{};
  }
  return {};  // a type of a newer minor version is passed over
}

Damage RecordingReader::pass_over(std::uint64_t bytes, std::string reason, std::uint64_t from_ns, std::uint64_t to_ns) {
  if (read_error_ != 0) reason = fmt::format("the file can't be read: {}", std::strerror(read_error_));
  read_error_ = 0;
  bytes = std::min(bytes, size_ - at_);
  Damage damage{.offset = at_, .bytes = bytes, .from_ns = from_ns, .to_ns = to_ns, .reason = std::move(reason)};
  at_ += bytes;
  return damage;
}

// No whole block stands where one should: go on at the next intact block header.
Damage RecordingReader::resync() {
  if (end_) return after_the_end();
  // A block header, or what can't be a whole one: the file ends inside of a block.
  const auto head = read_block_header(view(at_, sizeof(BlockHeader)));
  const bool is_cut = head || size_ - at_ < sizeof(BlockHeader);
  const auto found = find_block(at_ + 1);
  if (!found) {
    return pass_over(size_ - at_, is_cut ? "cut off in the middle of a block" : "not a block",
                     head ? head->first_ns : previous_first_ns_, kToTheEnd);
  }
  const BlockHeader header = *read_block_header(view(*found, sizeof(BlockHeader)));
  expected_ = header.sequence;
  return pass_over(*found - at_, "a damaged block header", previous_first_ns_,
                   header.last_ns == 0 ? kToTheEnd : header.last_ns);
}

Damage RecordingReader::after_the_end() {
  return pass_over(size_ - at_, "bytes after the end of the recording", kToTheEnd, kToTheEnd);
}

std::optional<std::uint64_t> RecordingReader::find_block(std::uint64_t from) {
  while (size_ - from >= sizeof(BlockHeader)) {
    if (view(from, sizeof(BlockHeader)).size() < sizeof(BlockHeader)) return std::nullopt;
    const Bytes bytes = Bytes(window_).subspan(static_cast<std::size_t>(from - window_at_));
    const auto* hit = static_cast<const std::byte*>(::memmem(bytes.data(), bytes.size(), kMagic.data(), kMagic.size()));
    if (hit == nullptr) {
      from += bytes.size() - (kMagic.size() - 1);  // a magic may lie across the border
      continue;
    }
    from += static_cast<std::uint64_t>(hit - bytes.data());
    const auto header = read_block_header(view(from, sizeof(BlockHeader)));
    // An older sequence number is a copy of an old block, or data that looks like one.
    if (header && header->major <= kFormatMajor && header->sequence >= expected_) return from;
    from += 1;
  }
  return std::nullopt;
}

}  // namespace wp::stream
