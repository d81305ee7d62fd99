// SPDX-License-Identifier: GPL-2.0-or-later
// docs/reading-a-report.md names every word a report can contain.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "userspace/model/model.hpp"

namespace wp::report {
namespace {

using testing::HasSubstr;

std::string page() {
  std::stringstream text;
  text << std::ifstream(WP_SOURCE_DIR "/docs/reading-a-report.md").rdbuf();
  return text.str();
}

TEST(ReportDocsTest, EveryReasonStandsInTheTableWithItsPhrase) {
  const std::string text = page();
  for (std::size_t i = 1; i < model::kReasonCount; ++i) {
    const auto reason = static_cast<model::Reason>(i);
    const std::string row =
        std::string("| `") + model::reason_name(reason) + "` | " + model::reason_text(reason) + " | ";
    EXPECT_THAT(text, HasSubstr(row));
  }
}

TEST(ReportDocsTest, EveryStageAndMechanismIsExplained) {
  const std::string text = page();
  for (std::size_t i = 0; i < model::kStageCount; ++i) {
    EXPECT_THAT(text, HasSubstr(std::string("| `") + model::stage_name(static_cast<model::Stage>(i)) + "` | "));
  }
  for (std::size_t i = 0; i <= static_cast<std::size_t>(model::Mechanism::kSelect); ++i) {
    EXPECT_THAT(text, HasSubstr(std::string("`") + model::mechanism_name(static_cast<model::Mechanism>(i)) + "`"));
  }
}

}  // namespace
}  // namespace wp::report
