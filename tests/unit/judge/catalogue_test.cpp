// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/judge/catalogue.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>

#include "userspace/judge/quantity.hpp"

namespace wp::judge {
namespace {

const std::string kArm = "[[arm]]\nid = \"a\"\ndemo = \"epoll\"\n";
const std::string kClaim =
    "[[claim]]\nid = \"T-1\"\nnote = \"beyond\"\nenglish = \"e\"\ncorrected = \"c\"\nregime = \"r\"\nruns = 3\n";
const std::string kPart =
    "[[claim.part]]\nsays = \"s\"\nsubject = [\"a\"]\nstatistic = \"share\"\nquantity = \"woken_share\"\n"
    "confirm = \">= 0.9\"\nrefute = \"<= 0.1\"\n";

std::string error_of(const std::string& text) {
  const auto parsed = parse_catalogue({{"t.toml", text}});
  return parsed ? "" : parsed.error().message;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(CatalogueTest, AWholeClaimIsRead) {
  const auto parsed = parse_catalogue({{"t.toml", kArm + kClaim + kPart}});
  ASSERT_TRUE(parsed) << parsed.error().message;
  ASSERT_EQ(parsed->claims.size(), 1U);
  EXPECT_EQ(parsed->claims[0].parts.at(0).confirm.threshold, 0.9);
  EXPECT_EQ(parsed->claims[0].parts.at(0).least, kLeastOfShare);
}

TEST(CatalogueTest, TheVocabularyIsClosed) {
  const std::string whole = kArm + kClaim + kPart;
  const std::vector<std::pair<std::string, std::string>> rows = {
      {replaced(whole, "woken_share", "system(rm)"), "no quantity"},
      {replaced(whole, "woken_share", "wakes_per_request"), "no share"},
      {replaced(whole, "subject = [\"a\"]", "subject = [\"b\"]"), "no arm"},
      {replaced(whole, "statistic = \"share\"", "statistic = \"eval\""), "statistic"},
      {replaced(whole, "regime = \"r\"", "regime = \"r\"\nlenient = true"), "no key"},
      {replaced(whole, "demo = \"epoll\"", "demo = \"epoll\"\nshell = \"x\""), "no key"},
      {replaced(whole, "\">= 0.9\"", "\"around 0.9\""), "comparison"},
      {replaced(whole, "\">= 0.9\"", "\">= 0.9x\""), "comparison"},
      {replaced(whole, "runs = 3", "runs = \"3\""), "wrong sort"},
      {replaced(whole, "note = \"beyond\"", "note = \"event-driven\""), "words and lines"},
      {whole + kClaim + kPart, "twice"},
      {"[[claims]]\n", "only [[claim]] and [[arm]]"}};
  for (const auto& [text, words] : rows) EXPECT_NE(error_of(text).find(words), std::string::npos) << error_of(text);
  EXPECT_EQ(error_of(whole), "");
}

TEST(CatalogueTest, ConfirmAndRefuteMustLeaveAGap) {
  const std::string whole = kArm + kClaim + kPart;
  EXPECT_NE(error_of(replaced(whole, "<= 0.1", "<= 0.9")), "");
  EXPECT_NE(error_of(replaced(whole, "<= 0.1", "<= 0.95")), "");
  EXPECT_NE(error_of(replaced(whole, "<= 0.1", ">= 0.1")), "");
  EXPECT_EQ(error_of(replaced(whole, "<= 0.1", "<= 0.89")), "");
}

TEST(CatalogueTest, TheHashIsOfWhatDecides) {
  const std::string whole = kArm + kClaim + kPart;
  const auto hash = [](const std::string& text) { return parse_catalogue({{"t.toml", text}})->claims.at(0).hash; };
  EXPECT_EQ(hash(whole), hash(replaced(whole, "corrected = \"c\"", "corrected = \"better words\"")));
  EXPECT_NE(hash(whole), hash(replaced(whole, "0.9", "0.8")));
  EXPECT_NE(hash(whole), hash(replaced(whole, "runs = 3", "runs = 4")));
  EXPECT_NE(hash(whole), hash(replaced(whole, "demo = \"epoll\"", "demo = \"select\"")));
}

TEST(CatalogueTest, TheBundledOneHoldsEveryClaim) {
  const auto catalogue = bundled_catalogue();
  ASSERT_TRUE(catalogue) << catalogue.error().message;
  EXPECT_EQ(catalogue->claims.size(), 84U);
  std::set<std::string> used;
  for (const NoteClaim& claim : catalogue->claims) {
    EXPECT_FALSE(claim.corrected.empty()) << claim.id;
    for (const Part& part : claim.parts) {
      used.insert(part.subject.begin(), part.subject.end());
      used.insert(part.baseline);
      EXPECT_TRUE(part.statistic != Statistic::kRatio || claim.runs >= 12)
          << claim.id << ": a ratio takes twelve pairs";
    }
  }
  for (const Arm& arm : catalogue->arms)
    EXPECT_TRUE(used.contains(arm.id) || !arm.control.empty() || arm.id.starts_with("observer"))
        << arm.id << " serves nothing";
}

// A changed rule is a new claim: its old id and hash stay in claims/frozen.txt, and never come again.
TEST(CatalogueTest, EveryClaimIsAsItWasFrozen) {
  std::map<std::string, std::string> frozen;
  std::ifstream file(std::string(WP_SOURCE_DIR) + "/claims/frozen.txt");
  for (std::string id, hash; file >> id >> hash;) frozen[id] = hash;
  const auto catalogue = bundled_catalogue();
  ASSERT_TRUE(catalogue);
  for (const NoteClaim& claim : catalogue->claims)
    EXPECT_EQ(frozen[claim.id], claim.hash)
        << claim.id << ": its rule was changed; give the changed claim a new id, and add '" << claim.id << ' '
        << claim.hash << "' for a new one";
}

}  // namespace
}  // namespace wp::judge
