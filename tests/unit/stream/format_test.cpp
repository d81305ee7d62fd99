// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/stream/format.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {

using namespace wp::stream;

std::vector<std::byte> bytes_of(const BlockHeader& header) {
  std::vector<std::byte> bytes(sizeof header);
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes;
}

// The bytes of the hex dump in the documentation: lines of offset, then up to 16 bytes, then their characters.
std::vector<std::byte> documented_block() {
  std::ifstream doc(WP_SOURCE_DIR "/docs/recording-format.md");
  std::vector<std::byte> bytes;
  for (std::string line; std::getline(doc, line);) {
    if (line.size() < 54 || line.substr(4, 2) != "  " || line.find_first_not_of("0123456789abcdef") != 4) continue;
    std::istringstream words(line.substr(6, 47));
    for (std::string word; words >> word;) bytes.push_back(static_cast<std::byte>(std::stoi(word, nullptr, 16)));
  }
  return bytes;
}

TEST(FormatTest, TheBlockInTheDocumentationIsARealOne) {
  const auto bytes = documented_block();
  ASSERT_GT(bytes.size(), sizeof(BlockHeader));
  const auto header = read_block_header(bytes);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->type, BlockType::kEnd);
  EXPECT_EQ(header->stored_len, bytes.size() - sizeof(BlockHeader));
  EXPECT_EQ(header->payload_sum, payload_checksum(Bytes(bytes).subspan(sizeof(BlockHeader))));
}

TEST(FormatTest, LengthsPastTheBoundsAreNoHeader) {
  BlockHeader header;
  header.raw_len = kMaxRaw;
  header.stored_len = kMaxStored;
  header.header_sum = header_checksum(header);
  EXPECT_TRUE(read_block_header(bytes_of(header)));
  header.raw_len = kMaxRaw + 1;
  header.header_sum = header_checksum(header);
  EXPECT_FALSE(read_block_header(bytes_of(header)));
  header.raw_len = 0;
  header.stored_len = kMaxStored + 1;
  header.header_sum = header_checksum(header);
  EXPECT_FALSE(read_block_header(bytes_of(header)));
}

TEST(FormatTest, TooFewBytesAreNoHeader) {
  BlockHeader header;
  header.header_sum = header_checksum(header);
  auto bytes = bytes_of(header);
  EXPECT_TRUE(read_block_header(bytes));
  bytes.pop_back();
  EXPECT_FALSE(read_block_header(bytes));
}

}  // namespace
