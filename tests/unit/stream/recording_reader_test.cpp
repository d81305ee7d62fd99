// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/stream/recording_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <filesystem>
#include <map>

#include "tests/support/recording.hpp"
#include "tests/support/temp_dir.hpp"

namespace {

using namespace wp::stream;
using testing::HasSubstr;
using wp::test::read_all;
using wp::test::read_file;
using wp::test::ReadBack;
using wp::test::TempDir;
using wp::test::write_file;

const std::vector<std::string> kBlocks = {"10 task tid=1\n20 task tid=2", "30 task tid=3", "40 task tid=4"};

class RecordingReaderTest : public testing::Test {
 protected:
  RecordingReaderTest() : path_(dir_.file("a.wkp")) {
    wp::test::write_recording(path_, kBlocks);
    good_ = read_file(path_);
    for (std::size_t at = 0; at < good_.size();) {
      starts_.push_back(at);
      BlockHeader header;
      std::memcpy(&header, good_.data() + at, sizeof header);
      at += sizeof header + header.stored_len;
    }
    for (const auto& block : kBlocks) blocks_.push_back(wp::test::bytes_of_events(block));
  }

  wp::Result<ReadBack> read(const std::vector<char>& bytes) {
    write_file(path_, bytes);
    auto reader = RecordingReader::open(path_);
    if (!reader) return std::move(reader.error());
    return read_all(*reader);
  }
  std::string error_of(const std::vector<char>& bytes) {
    const auto back = read(bytes);
    return back ? "" : back.error().message;
  }
  // The records of the blocks named by their index.
  std::vector<std::byte> records_of(std::initializer_list<std::size_t> which) {
    std::vector<std::byte> all;
    for (const std::size_t i : which) all.insert(all.end(), blocks_[i].begin(), blocks_[i].end());
    return all;
  }

  TempDir dir_;
  std::string path_;
  std::vector<char> good_;
  std::vector<std::size_t> starts_;  // header, the record blocks, end
  std::vector<std::vector<std::byte>> blocks_;
};

// A header whose checksum is right, whatever it says.
void reseal(std::vector<char>& bytes, std::size_t at, const std::function<void(BlockHeader&)>& change) {
  BlockHeader header;
  std::memcpy(&header, bytes.data() + at, sizeof header);
  change(header);
  header.header_sum = header_checksum(header);
  std::memcpy(bytes.data() + at, &header, sizeof header);
}

TEST_F(RecordingReaderTest, WhatWasWrittenComesBack) {
  const auto back = read(good_);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->records, records_of({0, 1, 2}));
  EXPECT_EQ(back->blocks, 3u);
  EXPECT_TRUE(back->damage.empty());
  EXPECT_TRUE(back->closed_cleanly);
}

TEST_F(RecordingReaderTest, ABlockTellsItsTimes) {
  auto reader = RecordingReader::open(path_);
  ASSERT_TRUE(reader);
  const auto item = reader->next();
  EXPECT_EQ(std::get<Block>(item).first_ns, 10u);
  EXPECT_EQ(std::get<Block>(item).last_ns, 20u);
  EXPECT_EQ(reader->header().tool_version, WP_VERSION);
}

TEST_F(RecordingReaderTest, EverySingleBitFlipIsDetected) {
  for (std::size_t i = 0; i < good_.size() * 8; ++i) {
    auto bytes = good_;
    bytes[i / 8] = static_cast<char>(bytes[i / 8] ^ (1 << (i % 8)));
    const auto back = read(bytes);
    if (i / 8 < starts_[1]) {
      EXPECT_FALSE(back) << "bit " << i;
      continue;
    }
    ASSERT_TRUE(back) << "bit " << i;
    ASSERT_EQ(back->damage.size(), 1u) << "bit " << i;
    // Only the block that was hit is missing.
    const std::size_t hit =
        static_cast<std::size_t>(std::upper_bound(starts_.begin(), starts_.end(), i / 8) - starts_.begin() - 1);
    EXPECT_EQ(back->damage[0].offset, starts_[hit]) << "bit " << i;
    const auto rest = hit == 1   ? records_of({1, 2})
                      : hit == 2 ? records_of({0, 2})
                      : hit == 3 ? records_of({0, 1})
                                 : records_of({0, 1, 2});
    EXPECT_EQ(back->records, rest) << "bit " << i;
    EXPECT_EQ(back->closed_cleanly, hit != 4) << "bit " << i;
  }
}

TEST_F(RecordingReaderTest, EveryTruncationGivesAllWholeBlocksAndTellsTheTail) {
  for (std::size_t length = 0; length < good_.size(); ++length) {
    const auto back = read({good_.begin(), good_.begin() + static_cast<std::ptrdiff_t>(length)});
    if (length < starts_[1]) {
      EXPECT_FALSE(back) << length;
      continue;
    }
    ASSERT_TRUE(back) << length;
    const std::size_t cut =
        static_cast<std::size_t>(std::upper_bound(starts_.begin(), starts_.end(), length) - starts_.begin() - 1);
    const std::size_t tail = length - starts_[cut];
    EXPECT_EQ(back->blocks, cut - 1) << length;
    EXPECT_FALSE(back->closed_cleanly) << length;
    ASSERT_EQ(back->damage.size(), tail == 0 ? 0u : 1u) << length;
    if (tail == 0) continue;
    EXPECT_EQ(back->damage[0].offset, starts_[cut]);
    EXPECT_EQ(back->damage[0].bytes, tail);
    EXPECT_EQ(back->damage[0].reason, "cut off in the middle of a block");
  }
}

TEST_F(RecordingReaderTest, ADamagedPayloadCostsThatBlockAloneAndTellsItsTimes) {
  auto bytes = good_;
  bytes[starts_[1] + sizeof(BlockHeader)] ^= 1;
  const auto back = read(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->records, records_of({1, 2}));
  ASSERT_EQ(back->damage.size(), 1u);
  EXPECT_EQ(back->damage[0].bytes, starts_[2] - starts_[1]);
  EXPECT_EQ(back->damage[0].from_ns, 10u);
  EXPECT_EQ(back->damage[0].to_ns, 20u);
}

TEST_F(RecordingReaderTest, ADamagedBlockHeaderIsPassedOver) {
  auto bytes = good_;
  for (std::size_t i = 0; i < sizeof(BlockHeader); ++i) bytes[starts_[2] + i] = 0x55;
  const auto back = read(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->records, records_of({0, 2}));
  ASSERT_EQ(back->damage.size(), 1u);
  EXPECT_EQ(back->damage[0].from_ns, 10u);  // as early as the block before it
  EXPECT_EQ(back->damage[0].to_ns, 40u);    // as late as the block behind it
  EXPECT_TRUE(back->closed_cleanly);
}

TEST_F(RecordingReaderTest, InsertedBytesAreNamedAndPassedOver) {
  auto bytes = good_;
  bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(starts_[2]), 1 << 19, 'x');
  const auto back = read(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->records, records_of({0, 1, 2}));
  ASSERT_EQ(back->damage.size(), 1u);
  EXPECT_EQ(back->damage[0].bytes, 1u << 19);
}

TEST_F(RecordingReaderTest, AMagicAcrossTheReadingWindowIsFound) {
  constexpr std::size_t kWindow = 1 << 18;
  for (std::size_t padding = kWindow - starts_[2] - 70; padding < kWindow - starts_[2] + 10; ++padding) {
    auto bytes = good_;
    bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(starts_[2]), padding, '\x89');
    const auto back = read(bytes);
    ASSERT_TRUE(back);
    ASSERT_EQ(back->records, records_of({0, 1, 2})) << padding;
  }
}

TEST_F(RecordingReaderTest, AMissingBlockIsNoticed) {
  auto bytes = good_;
  bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(starts_[2]),
              bytes.begin() + static_cast<std::ptrdiff_t>(starts_[3]));
  const auto back = read(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->records, records_of({0, 2}));
  ASSERT_EQ(back->damage.size(), 1u);
  EXPECT_EQ(back->damage[0].reason, "1 blocks are missing");
}

TEST_F(RecordingReaderTest, ARepeatedBlockIsPassedOver) {
  auto bytes = good_;
  const std::vector<char> copy(good_.begin() + static_cast<std::ptrdiff_t>(starts_[1]),
                               good_.begin() + static_cast<std::ptrdiff_t>(starts_[2]));
  bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(starts_[3]), copy.begin(), copy.end());
  const auto back = read(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->records, records_of({0, 1, 2}));
  ASSERT_EQ(back->damage.size(), 1u);
  EXPECT_EQ(back->damage[0].bytes, copy.size());
}

TEST_F(RecordingReaderTest, BytesAfterTheEndAreNamed) {
  auto twice = good_;
  twice.insert(twice.end(), good_.begin(), good_.end());
  for (auto bytes : {twice, [&] {
                       auto b = good_;
                       b.push_back('\n');
                       return b;
                     }()}) {
    const auto back = read(bytes);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->records, records_of({0, 1, 2}));
    ASSERT_EQ(back->damage.size(), 1u);
    EXPECT_EQ(back->damage[0].reason, "bytes after the end of the recording");
    EXPECT_EQ(back->damage[0].bytes, bytes.size() - good_.size());
  }
}

TEST_F(RecordingReaderTest, MadeUpLengthsAreRefusedBeforeAnythingIsAllocated) {
  for (const std::uint32_t length : {static_cast<std::uint32_t>(kMaxRaw + 1), 0xffffffffU}) {
    auto raw = good_;
    reseal(raw, starts_[1], [length](BlockHeader& header) { header.raw_len = length; });
    auto stored = good_;
    reseal(stored, starts_[1], [length](BlockHeader& header) { header.stored_len = length; });
    for (const auto& bytes : {raw, stored}) {
      const auto back = read(bytes);
      ASSERT_TRUE(back);
      EXPECT_EQ(back->records, records_of({1, 2}));
      EXPECT_EQ(back->damage.size(), 1u);
    }
  }
}

TEST_F(RecordingReaderTest, APayloadOfAnotherLengthThanItSaysIsRefused) {
  for (const int by : {-8, 8}) {
    auto bytes = good_;
    reseal(bytes, starts_[1], [by](BlockHeader& header) { header.raw_len += static_cast<std::uint32_t>(by); });
    const auto back = read(bytes);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->records, records_of({1, 2}));
    EXPECT_EQ(back->damage.size(), 1u);
  }
}

TEST_F(RecordingReaderTest, ABlockTypeOfANewerMinorVersionIsPassedOver) {
  auto bytes = good_;
  reseal(bytes, starts_[1], [](BlockHeader& header) {
    header.type = static_cast<BlockType>(9);
    header.minor = 7;
  });
  const auto back = read(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->records, records_of({1, 2}));
  EXPECT_TRUE(back->damage.empty());
}

TEST_F(RecordingReaderTest, ANewerMajorVersionIsRefusedWithWhatToDo) {
  auto bytes = good_;
  reseal(bytes, 0, [](BlockHeader& header) { header.major = 3; });
  EXPECT_THAT(error_of(bytes), HasSubstr("it has format 3.0, this program reads up to 2.x; use a newer wakepath"));
}

TEST_F(RecordingReaderTest, WhatIsNoRecordingIsRefusedWithWhatToDo) {
  EXPECT_THAT(error_of({}), HasSubstr("it is empty: the recording never began"));
  const std::string text = "#!/bin/sh\necho this is a script and not a recording, but it is longer than a header\n";
  EXPECT_THAT(error_of({text.begin(), text.end()}), HasSubstr("not a recording (bad magic)"));
  EXPECT_THAT(error_of({'a'}), HasSubstr("not a recording (bad magic)"));
  EXPECT_THAT(error_of({good_.begin(), good_.begin() + 30}), HasSubstr("its header block is damaged or cut off"));
}

TEST_F(RecordingReaderTest, WhatCantBeOpenedIsRefusedWithTheCause) {
  const auto missing = RecordingReader::open(dir_.file("none.wkp"));
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("No such file or directory; check the name"));
  const auto directory = RecordingReader::open(dir_.file("."));
  ASSERT_FALSE(directory);
  EXPECT_THAT(directory.error().message, HasSubstr("not a regular file"));
  ASSERT_EQ(::mkfifo(dir_.file("fifo").c_str(), 0600), 0);
  EXPECT_FALSE(RecordingReader::open(dir_.file("fifo")));  // and does not wait for a writer
}

TEST_F(RecordingReaderTest, AHostileNameDoesNotReachTheTerminal) {
  const auto missing = RecordingReader::open(dir_.file("\x1b[2J"));
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("\\x1b[2J"));
}

}  // namespace
