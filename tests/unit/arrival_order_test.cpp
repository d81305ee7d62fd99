// SPDX-License-Identifier: GPL-2.0-or-later
// The same records in any order the rings may give them: byte for byte the same report, and clocks that disagree
// never make a time that nobody measured.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <random>

#include "tests/support/recording.hpp"
#include "userspace/reconstruct/reconstructor.hpp"
#include "userspace/report/export_jsonl.hpp"
#include "userspace/report/summary.hpp"
#include "userspace/stream/sorter.hpp"

namespace wp {
namespace {

namespace fs = std::filesystem;

struct Made {
  wp_header header;
  std::vector<std::byte> bytes;
};

// The records of a golden case, without its watermarks: new ones are made.
std::vector<Made> records_of_case(const fs::path& folder) {
  std::vector<Made> records;
  for (const char* name : {"../names.txt", "events.txt"}) {
    const std::vector<char> text = test::read_file((folder / name).string());
    const std::vector<std::byte> bytes = test::bytes_of_events({text.data(), text.size()});
    for (event::Bytes rest(bytes); !rest.empty();) {
      const auto record = event::take_record(rest);
      if (record->header.kind == WP_KIND_watermark) continue;
      records.push_back({record->header, {record->bytes.begin(), record->bytes.end()}});
    }
  }
  return records;
}

std::vector<fs::path> case_folders() {
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(fs::path(WP_SOURCE_DIR) / "tests/cases"))
    if (entry.is_directory()) folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end());
  return folders;
}

struct Written {
  std::string text;
  std::vector<model::Path> paths;
};

Written report_of(const std::vector<std::byte>& bytes) {
  Written out;
  report::Report report;
  reconstruct::Reconstructor reconstructor([&](const model::Path& path) {
    report.on_path(path);
    report::append_jsonl(out.text, path);
    out.paths.push_back(path);
  });
  stream::Sorter sorter(reconstructor);
  sorter.feed(bytes);
  sorter.end();
  EXPECT_EQ(sorter.counts().late, 0u);
  out.text += report::summary_json({}, reconstructor.summary(), report).dump(1);
  out.text += report::render_summary({}, reconstructor.summary(), report, {}, "a.wkp");
  return out;
}

// Every record somewhere before the first watermark that promises it. The watermarks themselves do not move.
std::vector<std::byte> in_some_order(const std::vector<Made>& records, std::mt19937& random) {
  constexpr std::uint64_t kEvery = 1500;
  std::uint64_t last = 0;
  for (const Made& record : records) last = std::max(last, record.header.ts_ns);
  const std::size_t count = static_cast<std::size_t>(last / kEvery) + 1;
  std::vector<std::vector<const Made*>> before(count);
  for (const Made& record : records) {
    const auto latest = static_cast<std::size_t>(record.header.ts_ns / kEvery);
    before[random() % 2 == 0 ? latest : random() % (latest + 1)].push_back(&record);
  }
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < count; ++i) {
    std::shuffle(before[i].begin(), before[i].end(), random);
    for (const Made* record : before[i]) bytes.insert(bytes.end(), record->bytes.begin(), record->bytes.end());
    const auto mark = test::bytes_of_events(fmt::format("{0} watermark upto_ns={0}", (i + 1) * kEvery));
    bytes.insert(bytes.end(), mark.begin(), mark.end());
  }
  return bytes;
}

TEST(ArrivalOrderTest, AnyLegalOrderGivesTheSameReportByteForByte) {
  std::mt19937 random(7);
  std::size_t paths = 0;
  for (const fs::path& folder : case_folders()) {
    const auto records = records_of_case(folder);
    const Written first = report_of(in_some_order(records, random));
    paths += first.paths.size();
    for (int i = 0; i < 8; ++i) ASSERT_EQ(report_of(in_some_order(records, random)).text, first.text) << folder;
  }
  EXPECT_GT(paths, 50u);
}

// The clocks of two CPUs differ by as much as they like: what is printed as a time was measured, or is not printed.
TEST(ArrivalOrderTest, ClocksThatDisagreeInventNoTime) {
  std::mt19937 random(11);
  for (const fs::path& folder : case_folders()) {
    const auto records = records_of_case(folder);
    for (const std::int64_t skew : std::initializer_list<std::int64_t>{-10'000'000'000, -1'000'000, -700, -1, 1, 700,
                                                                       1'000'000, 10'000'000'000}) {
      auto moved = records;
      for (Made& record : moved) {
        if (record.header.cpu != 1) continue;
        const auto ts = static_cast<std::int64_t>(record.header.ts_ns) + skew;
        record.header.ts_ns = static_cast<std::uint64_t>(std::max<std::int64_t>(ts, 1));
        std::memcpy(record.bytes.data(), &record.header, sizeof record.header);
      }
      std::vector<std::byte> bytes;
      for (const Made& record : moved) bytes.insert(bytes.end(), record.bytes.begin(), record.bytes.end());
      for (const model::Path& path : report_of(bytes).paths) {
        const auto total = model::total_ns(path);
        ASSERT_TRUE(!total || *total <= path.at(model::Stage::kDone).ts_ns) << folder << " " << skew;
        for (const model::StagePoint& point : path.stages) ASSERT_TRUE(point.has_time() || point.ts_ns == 0) << folder;
      }
    }
  }
}

}  // namespace
}  // namespace wp
