// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/stream/recording_writer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

#include "userspace/base/check.hpp"
#include "userspace/base/text.hpp"
#include "userspace/event/decode.hpp"

namespace wp::stream {
namespace {

// Columns compress alike at any level; the lowest regular one keeps far ahead of the rings.
constexpr int kLevel = 1;

std::string errno_text(int error) { return std::strerror(error); }

// A call that an interruption made fail did nothing: it is made again.
template <typename Call>
int uninterrupted(const Call& call) {
  int result;
  do {
    result = call();
  } while (result == -EINTR);
  return result;
}

// Only what this user made as a plain file is ours to remove: never a device, a link, or a neighbour's file.
Result<void> remove_own_file(const std::string& path, const std::optional<Owner>& owner, IoVfs& io) {
  struct stat st {};
  if (::lstat(path.c_str(), &st) != 0) {
    if (errno == ENOENT) return {};
    return Error{.message = fmt::format("replace '{}': {}", printable(path), errno_text(errno))};
  }
  const bool is_ours = st.st_uid == ::geteuid() || (owner && st.st_uid == owner->uid);
  if (!S_ISREG(st.st_mode) || !is_ours) {
    return Error{.message = fmt::format("replace '{}': it is not a regular file of yours; choose another name with -o",
                                        printable(path))};
  }
  if (const int error = uninterrupted([&] { return io.unlink(path.c_str()); }); error < 0) {
    return Error{.message = fmt::format("replace '{}': {}", printable(path), errno_text(-error))};
  }
  return {};
}

Error cannot_create(const std::string& path, int error) {
  const std::string name = printable(path);
  if (error == EEXIST || error == ELOOP) {
    return {.message =
                fmt::format("'{}' exists already: choose another name with -o, or replace it with --force", name)};
  }
  const char* next = error == ENOENT ? "; make the directory first" : "";
  return {.message = fmt::format("create recording '{}': {}{}", name, errno_text(error), next)};
}

int open_new(const std::string& path, IoVfs& io) {
  return uninterrupted(
      [&] { return io.open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600); });
}

}  // namespace

void RecordingWriter::FreeContext::operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }

RecordingWriter::RecordingWriter(std::string path, int fd, IoVfs& io)
    : path_(std::move(path)), io_(io), fd_(fd), zstd_(ZSTD_createCCtx()) {
  WP_CHECK(zstd_ != nullptr);
  ZSTD_CCtx_setParameter(zstd_.get(), ZSTD_c_compressionLevel, kLevel);
  raw_.reserve(kMaxRaw);
  file_.resize(sizeof(BlockHeader) + kMaxStored);
}

RecordingWriter::~RecordingWriter() {
  if (fd_ >= 0) io_.close(fd_);
}

Result<std::unique_ptr<RecordingWriter>> RecordingWriter::create(const std::string& path, const Header& header,
                                                                 Existing existing, std::optional<Owner> owner,
                                                                 IoVfs& io) {
  if (existing == Existing::kReplace) {
    if (auto removed = remove_own_file(path, owner, io); !removed) return std::move(removed.error());
  }
  const int fd = open_new(path, io);
  if (fd < 0) return cannot_create(path, -fd);
  std::unique_ptr<RecordingWriter> writer(new RecordingWriter(path, fd, io));
  if (owner) {
    // Where the file system knows no owners it stays ours.
    const int error = uninterrupted([&] { return io.fchown(fd, owner->uid, owner->gid); });
    if (error < 0 && error != -EPERM) {
      io.unlink(path.c_str());
      return cannot_create(path, -error);
    }
  }
  const std::string text = to_json(header);
  WP_CHECK(text.size() <= kMaxRaw);
  if (auto written = writer->write_block(BlockType::kHeader, std::as_bytes(std::span(text))); !written) {
    io.unlink(path.c_str());  // without its header it is no recording, and would be in the way of the next try
    return std::move(written.error());
  }
  return writer;
}

Result<void> RecordingWriter::append(Bytes records) {
  if (failure_) return *failure_;
  while (!records.empty()) {
    const auto record = event::take_record(records);
    if (!record) return Error{.message = "internal error: the rings gave bytes that are no record"};
    if (raw_.size() + record->bytes.size() > kBlockTarget) {
      if (auto flushed = flush(); !flushed) return flushed;
      std::this_thread::yield();  // a block's work at a time: who waits for this CPU may be the server that is recorded
    }
    const std::uint64_t ts = record->header.ts_ns;
    first_ns_ = raw_records_ == 0 ? ts : std::min(first_ns_, ts);
    last_ns_ = raw_records_ == 0 ? ts : std::max(last_ns_, ts);
    raw_.insert(raw_.end(), record->bytes.begin(), record->bytes.end());
    ++raw_records_;
    raw_probe_records_ += record->header.kind < WP_KIND_first_of_collector && record->header.seq != 0;
  }
  return {};
}

Result<void> RecordingWriter::flush() {
  if (failure_) return *failure_;
  if (raw_.empty()) return {};
  const bool is_packed = columns_.pack(raw_, packed_) && packed_.size() <= raw_.size();
  const BlockType type = is_packed ? BlockType::kColumns : BlockType::kRecords;
  if (auto written = write_block(type, is_packed ? packed_ : raw_); !written) return written;
  counts_.records += raw_records_;
  counts_.probe_records += raw_probe_records_;
  counts_.record_bytes += raw_.size();
  ++counts_.blocks;
  raw_.clear();
  raw_records_ = raw_probe_records_ = first_ns_ = last_ns_ = 0;
  return {};
}

Result<void> RecordingWriter::close() {
  if (auto flushed = flush(); !flushed) return flushed;
  const std::string text = to_json(counts_);
  if (auto written = write_block(BlockType::kEnd, std::as_bytes(std::span(text))); !written) return written;
  const int synced = uninterrupted([this] { return io_.fsync(fd_); });
  // After close() the descriptor is gone whatever it returned.
  const int closed = io_.close(std::exchange(fd_, -1));
  if (synced < 0) return fail("write out", -synced);
  if (closed < 0 && closed != -EINTR) return fail("close", -closed);
  return {};
}

Result<void> RecordingWriter::write_block(BlockType type, Bytes payload) {
  const std::span<std::byte> stored = std::span(file_).subspan(sizeof(BlockHeader));
  const std::size_t stored_len =
      ZSTD_compress2(zstd_.get(), stored.data(), stored.size(), payload.data(), payload.size());
  WP_CHECK(!ZSTD_isError(stored_len));  // the room is ZSTD's own bound
  BlockHeader header;
  header.type = type;
  header.sequence = sequence_;
  header.raw_len = static_cast<std::uint32_t>(payload.size());
  header.stored_len = static_cast<std::uint32_t>(stored_len);
  header.first_ns = first_ns_;
  header.last_ns = last_ns_;
  header.payload_sum = payload_checksum(stored.first(stored_len));
  header.header_sum = header_checksum(header);
  std::memcpy(file_.data(), &header, sizeof header);

  const Bytes block = std::span(file_).first(sizeof header + stored_len);
  if (const int error = write_all(io_, fd_, block); error < 0) return fail("write", -error);
  ++sequence_;
  file_bytes_ += block.size();
  return {};
}

Error RecordingWriter::fail(const char* doing, int error) {
  const char* next = error == ENOSPC || error == EDQUOT ? "; free some space, or record less at a time" : "";
  failure_ = Error{.message = fmt::format("{} recording '{}': {}{}; it holds {} records up to there", doing,
                                          printable(path_), errno_text(error), next, counts_.records)};
  // If this fails too, a reader still takes every whole block and calls the rest a cut tail.
  if (fd_ >= 0) io_.ftruncate(fd_, static_cast<off_t>(file_bytes_));
  return *failure_;
}

}  // namespace wp::stream
