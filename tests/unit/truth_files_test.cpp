// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/truth_story.hpp"
#include "userspace/truth/files.hpp"

namespace wp::truth {
namespace {

using testing::HasSubstr;

class TruthFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    file_ = std::filesystem::path(testing::TempDir()) / (std::string("truth_files_") + test->name());
  }
  void TearDown() override { std::filesystem::remove(file_); }

  void write(FileHeader header, const std::vector<ServerRead>& reads) {
    std::ofstream out(file_, std::ios::binary);
    out.write(reinterpret_cast<const char*>(&header), sizeof header);
    out.write(reinterpret_cast<const char*>(reads.data()),
              static_cast<std::streamsize>(reads.size() * sizeof(ServerRead)));
  }

  static FileHeader header_of(std::uint64_t records) { return {ServerRead::kMagic, sizeof(ServerRead), 0, records, 0}; }

  std::filesystem::path file_;
};

TEST_F(TruthFilesTest, WhatWasWrittenIsRead) {
  write(header_of(2), {true_read(0), true_read(1)});
  const auto reads = read_server_log(file_);
  ASSERT_TRUE(reads) << reads.error().message;
  ASSERT_EQ(reads->size(), 2U);
  EXPECT_EQ((*reads)[1].offset, kBytes);
}

TEST_F(TruthFilesTest, AMissingFileIsNamed) {
  const auto reads = read_server_log(file_);
  ASSERT_FALSE(reads);
  EXPECT_THAT(reads.error().message, HasSubstr(file_.string()));
}

TEST_F(TruthFilesTest, TheOtherKindOfLogIsRefused) {
  write(header_of(0), {});
  EXPECT_TRUE(read_server_log(file_));
  EXPECT_FALSE(read_client_log(file_));
}

TEST_F(TruthFilesTest, AnEmptyACutAndAnOverfullLogAreRefused) {
  std::ofstream(file_).flush();
  EXPECT_FALSE(read_server_log(file_));
  write(header_of(2), {true_read(0)});
  EXPECT_THAT(read_server_log(file_).error().message, HasSubstr("cut short"));
  FileHeader overfull = header_of(1);
  overfull.dropped = 3;
  write(overfull, {true_read(0)});
  EXPECT_THAT(read_server_log(file_).error().message, HasSubstr("3 records did not fit"));
}

TEST(TruthJoinTest, LogsAreSortedByConnectionAndOffset) {
  const auto logs = join({true_request(1), true_request(0)}, {true_read(1), true_read(0)});
  ASSERT_TRUE(logs) << logs.error().message;
  EXPECT_EQ(logs->requests[0].id, 0U);
  EXPECT_EQ(logs->reads[0].offset, 0U);
}

TEST(TruthJoinTest, AHoleOrARepeatedByteIsRefused) {
  EXPECT_FALSE(join({true_request(1)}, {true_read(1)}));
  EXPECT_FALSE(join({true_request(0), true_request(0)}, {true_read(0)}));
  EXPECT_FALSE(join({true_request(0)}, {true_read(0), true_read(0)}));
}

TEST(TruthJoinTest, LogsOfDifferentRunsAreRefused) {
  EXPECT_FALSE(join({true_request(0)}, {true_read(0, kClientPort + 1)}));
  EXPECT_FALSE(join({true_request(0), true_request(1)}, {true_read(0)}));
}

}  // namespace
}  // namespace wp::truth
