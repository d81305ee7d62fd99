// SPDX-License-Identifier: GPL-2.0-or-later
// Golden cases. A case is a folder: events.txt goes, as the bytes a recording has, through the decoder, the sorter
// and the reconstruction; expected.txt is what must come out; why.md says in two lines what that shows.
// WP_UPDATE_CASES=1 rewrites the expectations, for review with git diff. names.txt goes before every case: the
// names a recorder writes on its own, with a CPU to themselves so that the numbers of a case begin at 1.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
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

INSTANTIATE_TEST_SUITE_P(Cases, CaseTest, testing::ValuesIn(case_names()), [](const auto& one) { return one.param; });

}  // namespace
}  // namespace wp
