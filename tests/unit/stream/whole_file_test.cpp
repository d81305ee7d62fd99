// SPDX-License-Identifier: GPL-2.0-or-later
// A recording of 256 KiB: every bit of it flipped, and the file cut at every byte. WP_EVERY_NTH=1 does all 2,097,152
// flips and 262,144 cuts, which takes minutes; else one of many, another share for every value of WP_SEED.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <random>

#include "tests/support/recording.hpp"
#include "tests/support/temp_dir.hpp"

namespace {

using namespace wp::stream;

constexpr std::size_t kBytes = 256 * 1024;

std::size_t number_from(const char* variable, std::size_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// In memory, and opened once for each change: what a change did is undone by writing the old byte back.
class ChangedFile {
 public:
  explicit ChangedFile(const std::vector<char>& bytes)
      : fd_(memfd_create("recording", MFD_CLOEXEC)), path_("/proc/self/fd/" + std::to_string(fd_)) {
    EXPECT_EQ(::write(fd_, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  ~ChangedFile() { ::close(fd_); }
  ChangedFile(const ChangedFile&) = delete;
  ChangedFile& operator=(const ChangedFile&) = delete;

  void put(std::size_t at, char byte) const { EXPECT_EQ(::pwrite(fd_, &byte, 1, static_cast<off_t>(at)), 1); }
  void cut(std::size_t length) const { EXPECT_EQ(::ftruncate(fd_, static_cast<off_t>(length)), 0); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  int fd_;
  std::string path_;
};

class WholeFileTest : public testing::Test {
 protected:
  // Of blocks of random, and so incompressible, records: nothing in it repeats.
  WholeFileTest() {
    const std::string path = dir_.file("a.wkp");
    std::mt19937_64 random(7);
    auto writer = RecordingWriter::create(path, own_header(), Existing::kRefuse);
    EXPECT_TRUE(writer);
    for (std::uint64_t seq = 1; (*writer)->file_bytes() < kBytes; ++seq) {
      wp_task task{};
      task.h = {.ts_ns = seq * 100, .seq = seq, .kind = WP_KIND_task, .size = sizeof task, .cpu = 0};
      task.start_ns = random();
      task.tid = static_cast<wp_u32>(random());
      for (char& c : task.comm.s) c = static_cast<char>(random());
      EXPECT_TRUE((*writer)->append(std::as_bytes(std::span(&task, 1))));
      if (seq % 50 == 0) {
        EXPECT_TRUE((*writer)->flush());
      }
    }
    EXPECT_TRUE((*writer)->close());
    blocks_ = (*writer)->counts().blocks;
    good_ = wp::test::read_file(path);
    for (std::size_t at = 0; at < good_.size();) {
      starts_.push_back(at);
      BlockHeader header;
      std::memcpy(&header, good_.data() + at, sizeof header);
      at += sizeof header + header.stored_len;
    }
  }

  // Which block a byte is of: 0 is the header.
  [[nodiscard]] std::size_t block_of(std::size_t at) const {
    return static_cast<std::size_t>(std::upper_bound(starts_.begin(), starts_.end(), at) - starts_.begin() - 1);
  }

  wp::test::TempDir dir_;
  std::vector<char> good_;
  std::vector<std::size_t> starts_;
  std::uint64_t blocks_ = 0;
};

TEST_F(WholeFileTest, EveryFlippedBitIsDetectedAndCostsItsBlockAlone) {
  const ChangedFile file(good_);
  ASSERT_GE(good_.size(), kBytes);
  const std::size_t step = number_from("WP_EVERY_NTH", 9973);
  std::size_t flips = 0;
  for (std::size_t bit = number_from("WP_SEED", 1) % step; bit < good_.size() * 8; bit += step, ++flips) {
    const std::size_t at = bit / 8;
    file.put(at, static_cast<char>(good_[at] ^ (1 << (bit % 8))));
    auto reader = RecordingReader::open(file.path());
    if (at < starts_[1]) {
      ASSERT_FALSE(reader) << "bit " << bit;
    } else {
      ASSERT_TRUE(reader) << "bit " << bit;
      const auto back = wp::test::read_all(*reader);
      ASSERT_EQ(back.damage.size(), 1u) << "bit " << bit;
      ASSERT_EQ(back.damage[0].offset, starts_[block_of(at)]) << "bit " << bit;
      const bool is_end = block_of(at) + 1 == starts_.size();
      ASSERT_EQ(back.blocks, is_end ? blocks_ : blocks_ - 1) << "bit " << bit;
    }
    file.put(at, good_[at]);
  }
  std::printf("%zu flips of a recording of %zu bytes\n", flips, good_.size());
}

TEST_F(WholeFileTest, EveryCutGivesTheBlocksBeforeItAndTellsTheTail) {
  const ChangedFile file(good_);
  const std::size_t step = number_from("WP_EVERY_NTH", 1999);
  std::size_t cuts = 0;
  for (std::size_t length = good_.size(); length-- > 0;) {
    if (length % step != number_from("WP_SEED", 1) % step) continue;
    ++cuts;
    file.cut(length);  // from long to short: what is cut off is not needed any more
    auto reader = RecordingReader::open(file.path());
    ASSERT_EQ(static_cast<bool>(reader), length >= starts_[1]) << length;
    if (!reader) continue;
    const auto back = wp::test::read_all(*reader);
    const std::size_t tail = length - starts_[block_of(length)];
    ASSERT_EQ(back.blocks, block_of(length) - 1) << length;
    ASSERT_EQ(back.damage.size(), tail == 0 ? 0u : 1u) << length;
    ASSERT_TRUE(tail == 0 || back.damage[0].bytes == tail) << length;
    ASSERT_FALSE(back.closed_cleanly) << length;
  }
  std::printf("%zu cuts of a recording of %zu bytes\n", cuts, good_.size());
}

}  // namespace
