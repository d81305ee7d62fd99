// SPDX-License-Identifier: GPL-2.0-or-later
// Verdicts again from raw counts that were really measured: tests/claims.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "tests/support/schema.hpp"
#include "userspace/judge/settle.hpp"
#include "userspace/judge/settle_output.hpp"
#include "userspace/judge/signed_rank.hpp"

namespace wp::judge {
namespace {

std::string text_of(const std::string& name) {
  std::ifstream file(std::string(WP_SOURCE_DIR) + "/tests/claims/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Batch stored() {
  auto batch = parse_batch(text_of("runs.json"));
  EXPECT_TRUE(batch) << batch.error().message;
  return std::move(*batch);
}

std::vector<Settled> settled(const Catalogue& catalogue, const Batch& batch) {
  std::vector<std::string> ids;
  for (const NoteClaim& claim : catalogue.claims) ids.push_back(claim.id);
  return settle(catalogue, batch, ids);
}

/// A line for each claim: its verdict, and those of its parts.
std::string verdicts(const std::vector<Settled>& all) {
  std::string text;
  for (const Settled& s : all) {
    text += s.claim->id + ' ' + verdict_name(s.verdict) + ':';
    for (const SettledPart& part : s.parts) text += std::string(" ") + verdict_name(part.verdict);
    text += '\n';
  }
  return text;
}

// WP_UPDATE_CASES=1 renews the verdicts; look at the difference.
TEST(SettleReplayTest, StoredCountsGiveTheStoredVerdicts) {
  const auto catalogue = bundled_catalogue();
  ASSERT_TRUE(catalogue);
  const std::string found = verdicts(settled(*catalogue, stored()));
  if (std::getenv("WP_UPDATE_CASES")) std::ofstream(std::string(WP_SOURCE_DIR) + "/tests/claims/verdicts.txt") << found;
  EXPECT_EQ(found, text_of("verdicts.txt"));
}

TEST(SettleReplayTest, WhatIsPrintedIsAsTheSchemasSay) {
  const auto catalogue = bundled_catalogue();
  ASSERT_TRUE(catalogue);
  const Batch batch = stored();
  const std::pair<std::string, std::string> documents[] = {
      {settled_json(settled(*catalogue, batch), *catalogue, batch).dump(), "claims"},
      {catalogue_json(*catalogue).dump(), "claims-list"},
      {batch_json(batch).dump(), "claims-runs"}};
  for (const auto& [text, schema] : documents) {
    const auto verdict = test::validate(text, schema, test::Documents::kOne);
    if (!verdict.is_checked) GTEST_SKIP() << "python3-jsonschema is not installed";
    EXPECT_EQ(verdict.complaints, "") << schema;
  }
}

// A spinner's real counts under the name of the epoll server: nothing is believed any more.
TEST(SettleReplayTest, ASpinnerUnderAnotherNameIsFoundOut) {
  const auto catalogue = bundled_catalogue();
  ASSERT_TRUE(catalogue);
  Batch batch = stored();
  for (ArmRun& run : batch.runs)
    run.arm = run.arm == "epoll-paced" ? "epoll-zero" : run.arm == "epoll-zero" ? "epoll-paced" : run.arm;
  for (const Settled& s : settled(*catalogue, batch))
    EXPECT_TRUE(s.verdict == Verdict::kUndecided || s.verdict == Verdict::kNotApplicable) << s.claim->id;
}

TEST(SettleReplayTest, AnExplanationSaysWhatWouldHaveChangedIt) {
  const auto catalogue = bundled_catalogue();
  ASSERT_TRUE(catalogue);
  const Batch batch = stored();
  for (const Settled& s : settled(*catalogue, batch)) {
    const std::string text = explanation(s, batch);
    EXPECT_NE(text.find("it would be"), std::string::npos) << s.claim->id;
    EXPECT_NE(text.find(s.claim->corrected), std::string::npos) << s.claim->id;
  }
}

// The epoll server against itself, measured by scripts/bench/null-pairs: twelve CPU times each.
TEST(SettleReplayTest, MeasuredNullPairsAreHardlyEverDecided) {
  std::istringstream file(text_of("null-pairs.txt"));
  std::uint64_t pairs = 0, decided = 0, decided_loosely = 0;
  for (std::string line; std::getline(file, line); ++pairs) {
    std::istringstream numbers(line);
    std::vector<double> all;
    for (double number = 0; numbers >> number;) all.push_back(number);
    ASSERT_EQ(all.size(), 24U);
    std::vector<double> logs;
    for (std::size_t i = 0; i < 12; ++i) logs.push_back(std::log(all[i] / all[i + 12]));
    const auto differs = [&](double alpha) {
      const auto interval = signed_rank(logs, alpha);
      return interval && (interval->lower > 0 || interval->upper < 0);
    };
    decided += differs(0.0005);
    decided_loosely += differs(0.05);
  }
  EXPECT_GE(pairs, 50U);
  EXPECT_LE(20 * decided, pairs) << "more than 5 % of the null pairs came out as a difference";
  EXPECT_LT(decided_loosely, pairs / 5) << "even at 5 % a fifth is too many";
  RecordProperty("decided", static_cast<int>(decided));
}

}  // namespace
}  // namespace wp::judge
