// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/stream/recording_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "tests/support/recording.hpp"
#include "tests/support/temp_dir.hpp"

namespace {

using namespace wp::stream;
using testing::HasSubstr;
using wp::test::bytes_of_events;
using wp::test::TempDir;

struct Fault {
  int call = 0;   // which call fails, counted from 1 over all kinds
  int error = 0;  // 0: a short write where it is a write, else nothing
  bool is_lasting = false;
};

// The real system, except that one call, or every one from it on, fails. A failing write takes half of its
// bytes first, as a full disk does.
class FaultyIo : public wp::IoVfs {
 public:
  explicit FaultyIo(Fault fault) : fault_(fault) {}

  int open(const char* path, int flags, unsigned mode) override {
    return fails() && fault_.error != 0 ? -fault_.error : IoVfs::open(path, flags, mode);
  }
  ssize_t write(int fd, std::span<const std::byte> bytes) override {
    if (!fails()) return IoVfs::write(fd, bytes);
    if (fault_.error == EINTR || (fault_.error != 0 && has_written_half_)) return -fault_.error;
    has_written_half_ = fault_.error != 0;
    if (has_written_half_) --calls_;  // the next write is the one that fails
    return IoVfs::write(fd, bytes.first((bytes.size() + 1) / 2));
  }
  int fsync(int fd) override { return fails() ? -fault_.error : IoVfs::fsync(fd); }
  int ftruncate(int fd, off_t length) override { return fails() ? -fault_.error : IoVfs::ftruncate(fd, length); }
  int unlink(const char* path) override { return IoVfs::unlink(path); }
  int close(int fd) override {
    const int closed = IoVfs::close(fd);
    return fails() ? -fault_.error : closed;
  }
  [[nodiscard]] int calls() const { return calls_; }
  [[nodiscard]] bool has_failed() const { return has_failed_; }

 private:
  bool fails() {
    ++calls_;
    // An interruption that never ends is no fault of the file system: let every other call through.
    const bool lasting = fault_.is_lasting && calls_ > fault_.call && (fault_.error != EINTR || calls_ % 2 == 0);
    const bool result = calls_ == fault_.call || lasting;
    has_failed_ = has_failed_ || result;
    return result;
  }
  Fault fault_;
  int calls_ = 0;
  bool has_failed_ = false;
  bool has_written_half_ = false;
};

const std::vector<std::string> kBlocks = {"10 task tid=1", "20 task tid=2\n30 task tid=3", "40 task tid=4"};

// Three blocks; the first error ends it, as it does for the recorder.
wp::Result<void> record(const std::string& path, wp::IoVfs& io) {
  auto writer = RecordingWriter::create(path, own_header(), Existing::kRefuse, std::nullopt, io);
  if (!writer) return std::move(writer.error());
  for (const std::string& block : kBlocks) {
    if (auto appended = (*writer)->append(bytes_of_events(block)); !appended) return appended;
    if (auto flushed = (*writer)->flush(); !flushed) return flushed;
  }
  return (*writer)->close();
}

std::vector<std::byte> all_records() {
  std::vector<std::byte> all;
  for (const auto& block : kBlocks) {
    const auto bytes = bytes_of_events(block);
    all.insert(all.end(), bytes.begin(), bytes.end());
  }
  return all;
}

// What every failure must leave behind: a message that names file and cause, and whole blocks only.
void expect_readable_up_to_the_fault(const std::string& path, const wp::Error& error, const Fault& fault) {
  EXPECT_THAT(error.message, HasSubstr(path));
  EXPECT_THAT(error.message, HasSubstr(std::strerror(fault.error)));
  if (!std::filesystem::exists(path)) return;  // it failed before the header was written
  auto reader = RecordingReader::open(path);
  ASSERT_TRUE(reader) << reader.error().message;
  const auto read = wp::test::read_all(*reader);
  const auto all = all_records();
  ASSERT_LE(read.records.size(), all.size());
  EXPECT_TRUE(std::equal(read.records.begin(), read.records.end(), all.begin()));
  // Where cutting off the torn block failed as well, the reader calls it a cut tail.
  if (!fault.is_lasting) {
    EXPECT_TRUE(read.damage.empty()) << read.damage[0].reason;
  }
}

void run_with(const Fault& fault, bool& reached) {
  SCOPED_TRACE(testing::Message() << "call " << fault.call << " errno " << fault.error << " lasting "
                                  << fault.is_lasting);
  const TempDir dir;
  const std::string path = dir.file("a.wkp");
  FaultyIo io(fault);
  const auto done = record(path, io);
  reached = io.has_failed();
  const bool is_harmless = !reached || fault.error == 0 || fault.error == EINTR;
  EXPECT_EQ(done.has_value(), is_harmless) << (done ? "" : done.error().message);
  if (!done) return expect_readable_up_to_the_fault(path, done.error(), fault);
  auto reader = RecordingReader::open(path);
  ASSERT_TRUE(reader);
  const auto read = wp::test::read_all(*reader);
  EXPECT_EQ(read.records, all_records());
  EXPECT_TRUE(read.damage.empty());
  EXPECT_TRUE(read.closed_cleanly);
}

TEST(RecordingWriterTest, AnyFailingCallIsReportedAndLeavesAReadableFile) {
  for (const int error : {0, EINTR, EAGAIN, ENOSPC, EIO, EDQUOT}) {
    for (const bool is_lasting : {false, true}) {
      bool reached = true;
      int call = 1;
      for (; reached; ++call) run_with({.call = call, .error = error, .is_lasting = is_lasting}, reached);
      EXPECT_GT(call, 6);
    }
  }
}

TEST(RecordingWriterTest, TheFirstFailureIsFinal) {
  const TempDir dir;
  FaultyIo io({.call = 3, .error = ENOSPC});
  auto writer = RecordingWriter::create(dir.file("a.wkp"), own_header(), Existing::kRefuse, std::nullopt, io);
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->append(bytes_of_events(kBlocks[0])));
  EXPECT_FALSE((*writer)->flush());
  EXPECT_FALSE((*writer)->append(bytes_of_events(kBlocks[1])));
  EXPECT_FALSE((*writer)->flush());
  const auto closed = (*writer)->close();
  ASSERT_FALSE(closed);
  EXPECT_THAT(closed.error().message, HasSubstr("No space left on device; free some space"));
}

TEST(RecordingWriterTest, TheFileIsPrivateAndNeverReused) {
  const TempDir dir;
  const std::string path = dir.file("a.wkp");
  ASSERT_TRUE(RecordingWriter::create(path, own_header(), Existing::kRefuse));
  struct stat st {};
  ASSERT_EQ(::stat(path.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0600u);
  const auto again = RecordingWriter::create(path, own_header(), Existing::kRefuse);
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().message,
              HasSubstr("exists already: choose another name with -o, or replace it with --force"));
  EXPECT_TRUE(RecordingWriter::create(path, own_header(), Existing::kReplace));
}

TEST(RecordingWriterTest, ALinkIsNeverFollowed) {
  const TempDir dir;
  std::filesystem::create_symlink(dir.file("victim"), dir.file("a.wkp"));
  EXPECT_FALSE(RecordingWriter::create(dir.file("a.wkp"), own_header(), Existing::kRefuse));
  const auto forced = RecordingWriter::create(dir.file("a.wkp"), own_header(), Existing::kReplace);
  ASSERT_FALSE(forced);
  EXPECT_THAT(forced.error().message, HasSubstr("not a regular file of yours"));
  EXPECT_FALSE(std::filesystem::exists(dir.file("victim")));
}

TEST(RecordingWriterTest, ADirectoryIsNotReplacedAndAMissingOneIsNamed) {
  const TempDir dir;
  EXPECT_FALSE(RecordingWriter::create(dir.file(""), own_header(), Existing::kReplace));
  const auto missing = RecordingWriter::create(dir.file("none/a.wkp"), own_header(), Existing::kRefuse);
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("No such file or directory; make the directory first"));
}

TEST(RecordingWriterTest, ALongRunOfRecordsIsCutIntoBlocks) {
  const TempDir dir;
  const auto one = bytes_of_events("10 task tid=1");
  std::vector<std::byte> many;
  while (many.size() <= 3 * kBlockTarget) many.insert(many.end(), one.begin(), one.end());
  auto writer = RecordingWriter::create(dir.file("a.wkp"), own_header(), Existing::kRefuse);
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->append(many));
  ASSERT_TRUE((*writer)->close());
  EXPECT_EQ((*writer)->counts().record_bytes, many.size());
  EXPECT_EQ((*writer)->counts().records, many.size() / one.size());
  EXPECT_EQ((*writer)->counts().blocks, 4u);
  EXPECT_EQ((*writer)->file_bytes(), std::filesystem::file_size(dir.file("a.wkp")));

  auto reader = RecordingReader::open(dir.file("a.wkp"));
  ASSERT_TRUE(reader);
  const auto read = wp::test::read_all(*reader);
  EXPECT_EQ(read.records, many);
  EXPECT_EQ(read.blocks, 4u);
}

TEST(RecordingWriterTest, FlushOfNothingWritesNothing) {
  const TempDir dir;
  auto writer = RecordingWriter::create(dir.file("a.wkp"), own_header(), Existing::kRefuse);
  ASSERT_TRUE(writer);
  const auto before = (*writer)->file_bytes();
  ASSERT_TRUE((*writer)->flush());
  EXPECT_EQ((*writer)->file_bytes(), before);
}

TEST(RecordingWriterTest, BytesThatAreNoRecordAreRefused) {
  const TempDir dir;
  auto writer = RecordingWriter::create(dir.file("a.wkp"), own_header(), Existing::kRefuse);
  ASSERT_TRUE(writer);
  EXPECT_FALSE((*writer)->append(std::vector<std::byte>(64)));
}

}  // namespace
