// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/judge/proportion.hpp"

#include <gtest/gtest.h>

namespace wp::judge {
namespace {

// Known values: 0.05^(1/n) where nothing was missed; 12 misses of 2,000 leave 99 %, 13 do not.
TEST(ProportionTest, BoundsAreThoseOfClopperAndPearson) {
  EXPECT_NEAR((Share{29, 29}.lower()), 0.90186, 1e-4);
  EXPECT_NEAR((Share{0, 59}.upper()), 0.04951, 1e-4);
  EXPECT_NEAR((Share{5, 10}.lower()), 0.22244, 1e-4);
  EXPECT_NEAR((Share{5, 10}.upper()), 0.77756, 1e-4);
  EXPECT_GE((Share{1988, 2000}.lower()), 0.99);
  EXPECT_LT((Share{1987, 2000}.lower()), 0.99);
}

TEST(ProportionTest, NothingSeenSaysNothing) {
  EXPECT_EQ((Share{0, 0}.lower()), 0);
  EXPECT_EQ((Share{0, 0}.upper()), 1);
  EXPECT_EQ((Share{0, 10}.lower()), 0);
  EXPECT_EQ((Share{10, 10}.upper()), 1);
}

TEST(ProportionTest, MissingHitsAreThoseThatReachTheBound) {
  EXPECT_EQ(hits_missing({}, 0.90), 29U);
  EXPECT_EQ(hits_missing({29, 29}, 0.90), 0U);
  EXPECT_EQ(hits_missing({20, 20}, 0.90), 9U);
}

TEST(ProportionTest, LargeNumbersKeepTheirPrecision) {
  const Share share{999'000, 1'000'000};
  EXPECT_LT(share.lower(), 0.999);
  EXPECT_GT(share.lower(), 0.9988);
  EXPECT_GT(share.upper(), 0.999);
}

}  // namespace
}  // namespace wp::judge
