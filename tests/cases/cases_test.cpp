// SPDX-License-Identifier: GPL-2.0-or-later
// Golden cases. A case is a folder: events.txt goes, as the bytes a recording has, through the decoder, the sorter
// and the reconstruction; expected.txt is what must come out; why.md says in two lines what that shows.
// WP_UPDATE_CASES=1 rewrites the expectations, for review with git diff. names.txt goes before every case: the
// names a recorder writes on its own, with a CPU to themselves so that the numbers of a case begin at 1.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/case_text.hpp"
#include "tests/support/recording.hpp"
#include "userspace/event/text.hpp"
#include "userspace/reconstruct/reconstructor.hpp"
#include "userspace/stream/sorter.hpp"

namespace wp {
namespace {

const std::filesystem::path kCases = std::filesystem::path(WP_SOURCE_DIR) / "tests/cases";

std::string text_file(const std::filesystem::path& path) {
  const std::vector<char> bytes = test::read_file(path.string());
  return {bytes.begin(), bytes.end()};
}

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kCases)) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string outcome_of(const std::string& events_text) {
  std::string paths;
  std::vector<std::byte> names = test::bytes_of_events(text_file(kCases / "names.txt"));
  const std::vector<std::byte> bytes = test::bytes_of_events(events_text);
  event::Bytes first_record(bytes);
  const std::uint64_t zero_ns = event::take_record(first_record)->header.ts_ns;
  reconstruct::Reconstructor reconstructor([&](const model::Path& path) { paths += test::case_text(path, zero_ns); });
  stream::Sorter sorter(reconstructor);
  sorter.feed(names);
  sorter.feed(bytes);
  sorter.end();
  return paths + test::case_text(reconstructor.summary(), zero_ns);
}

class CaseTest : public testing::TestWithParam<std::string> {};

TEST_P(CaseTest, GivesWhatIsExpected) {
  const std::filesystem::path folder = kCases / GetParam();
  const std::string outcome = outcome_of(text_file(folder / "events.txt"));
  if (std::getenv("WP_UPDATE_CASES") != nullptr)
    test::write_file((folder / "expected.txt").string(), {outcome.begin(), outcome.end()});
  EXPECT_EQ(text_file(folder / "expected.txt"), outcome) << text_file(folder / "why.md");
}

// Every line that tells of a wake.
std::string wakes_of(const std::string& outcome) {
  std::istringstream lines(outcome);
  std::string wakes;
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("  woken") || line.starts_with("summary")) wakes += line + '\n';
  return std::regex_replace(wakes, std::regex("found_ready"), "running");
}

// What is told of a wake must not depend on the entries of system calls, which most recordings do not have. Less
// precise it may be: only an entry tells that the data was there before the call. One case is left out: its reader
// was asleep before the recording, in a call that has no record.
TEST_P(CaseTest, TellsTheSameWakesWithoutEntries) {
  if (GetParam() == "asleep_at_start") return;
  const std::string events = text_file(kCases / GetParam() / "events.txt");
  const std::string without = std::regex_replace(events, std::regex(" enter_ns=[0-9]+"), "");
  EXPECT_EQ(wakes_of(outcome_of(events)), wakes_of(outcome_of(without)));
}

INSTANTIATE_TEST_SUITE_P(Cases, CaseTest, testing::ValuesIn(case_names()), [](const auto& one) { return one.param; });

}  // namespace
}  // namespace wp
