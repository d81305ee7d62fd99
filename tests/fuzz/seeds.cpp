// SPDX-License-Identifier: GPL-2.0-or-later
// Seeds for the fuzzers, from the golden cases: `wp_fuzz_seeds FOLDER` makes FOLDER/{decode,columns,records,reader}.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "tests/support/recording.hpp"
#include "userspace/stream/columns.hpp"

namespace fs = std::filesystem;

namespace {

void save(const fs::path& file, std::initializer_list<unsigned char> how, wp::event::Bytes bytes) {
  fs::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary);
  for (const unsigned char one : how) out.put(static_cast<char>(one));
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

// Header, record and end block, with the records as they are: the fuzzer compresses them.
std::vector<std::byte> raw_file(wp::stream::BlockType type_of_records, wp::event::Bytes records) {
  std::vector<std::byte> out;
  std::uint64_t sequence = 0;
  const auto add = [&](wp::stream::BlockType type, wp::event::Bytes payload) {
    wp::stream::BlockHeader header;
    header.type = type;
    header.sequence = sequence++;
    const auto head = std::as_bytes(std::span(&header, 1));
    out.insert(out.end(), head.begin(), head.end());
    out.insert(out.end(), payload.begin(), payload.end());
  };
  const std::string header = wp::stream::to_json(wp::stream::own_header());
  add(wp::stream::BlockType::kHeader, std::as_bytes(std::span(header)));
  add(type_of_records, records);
  const std::string end = wp::stream::to_json(wp::stream::EndCounts{});
  add(wp::stream::BlockType::kEnd, std::as_bytes(std::span(end)));
  return out;
}

std::vector<std::byte> in_columns(wp::event::Bytes records) {
  std::vector<std::byte> packed;
  wp::stream::Columns().pack(records, packed);
  return packed;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: wp_fuzz_seeds FOLDER\n", stderr);
    return 2;
  }
  const fs::path folder = argv[1];
  for (const auto& entry : fs::directory_iterator(fs::path(WP_SOURCE_DIR) / "tests/cases")) {
    if (!entry.is_directory()) continue;
    const std::vector<char> chars = wp::test::read_file((entry.path() / "events.txt").string());
    const std::string text(chars.begin(), chars.end());
    const std::vector<std::byte> bytes = wp::test::bytes_of_events(text);
    const std::string name = entry.path().filename().string();
    save(folder / "decode" / name, {}, bytes);
    save(folder / "columns" / name, {}, bytes);
    save(folder / "columns" / (name + "-packed"), {}, in_columns(bytes));
    save(folder / "records" / name, {0x10}, bytes);
    save(folder / "records" / (name + "-quick"), {0x0f}, bytes);
    save(folder / "reader" / (name + "-raw"), {7}, raw_file(wp::stream::BlockType::kRecords, bytes));
    save(folder / "reader" / (name + "-columns"), {7}, raw_file(wp::stream::BlockType::kColumns, in_columns(bytes)));
    const std::string file = (folder / "reader" / (name + "-whole")).string();
    wp::test::write_recording(file, {text});
    const std::vector<char> whole = wp::test::read_file(file);
    save(file, {0}, std::as_bytes(std::span(whole)));
  }
  return 0;
}
