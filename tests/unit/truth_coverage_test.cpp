// SPDX-License-Identifier: GPL-2.0-or-later
#include <gtest/gtest.h>

#include "userspace/truth/coverage.hpp"

namespace wp::truth {
namespace {

TEST(CoverageTest, NothingIsCoveredAtFirst) { EXPECT_FALSE(Coverage().covers({0, 1})); }

TEST(CoverageTest, TouchingRangesCoverWhatSpansThem) {
  Coverage coverage;
  EXPECT_EQ(coverage.add({0, 10}), std::nullopt);
  EXPECT_EQ(coverage.add({10, 20}), std::nullopt);
  EXPECT_TRUE(coverage.covers({0, 20}));
  EXPECT_TRUE(coverage.covers({5, 15}));
  EXPECT_FALSE(coverage.covers({15, 21}));
}

TEST(CoverageTest, AHoleIsNotCovered) {
  Coverage coverage;
  EXPECT_EQ(coverage.add({20, 30}), std::nullopt);
  EXPECT_EQ(coverage.add({0, 10}), std::nullopt);
  EXPECT_FALSE(coverage.covers({5, 25}));
  EXPECT_FALSE(coverage.covers({12, 14}));
  EXPECT_EQ(coverage.add({10, 20}), std::nullopt);
  EXPECT_TRUE(coverage.covers({0, 30}));
}

TEST(CoverageTest, TheBytesThatWereThereBeforeAreTold) {
  Coverage coverage;
  EXPECT_EQ(coverage.add({0, 10}), std::nullopt);
  EXPECT_EQ(coverage.add({20, 30}), std::nullopt);
  EXPECT_EQ(coverage.add({5, 12}), (Range{5, 10}));
  EXPECT_EQ(coverage.add({11, 25}), (Range{11, 25}));
  EXPECT_EQ(coverage.add({0, 30}), (Range{0, 30}));
}

}  // namespace
}  // namespace wp::truth
