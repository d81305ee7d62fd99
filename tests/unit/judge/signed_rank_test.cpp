// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/judge/signed_rank.hpp"

#include <gtest/gtest.h>

namespace wp::judge {
namespace {

TEST(SignedRankTest, TwelveAreTheLeastForAHundredClaims) {
  EXPECT_FALSE(signed_rank({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 0.0005));
  const auto twelve = signed_rank({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 0.0005);
  ASSERT_TRUE(twelve);
  EXPECT_EQ(twelve->lower, 1);
  EXPECT_EQ(twelve->upper, 12);
  EXPECT_DOUBLE_EQ(twelve->middle, 6.5);
}

// By the table: of 8 samples at 5 % the rank sum 3 is the largest that may lie outside, so the fourth mean is the
// bound.
TEST(SignedRankTest, BoundsAreThoseOfTheTable) {
  const auto eight = signed_rank({0, 1, 2, 3, 4, 5, 6, 7}, 0.05);
  ASSERT_TRUE(eight);
  EXPECT_DOUBLE_EQ(eight->lower, 1);  // means in order: 0, 0.5, 1, 1, ...
  EXPECT_DOUBLE_EQ(eight->upper, 6);
  EXPECT_FALSE(signed_rank({1, 2, 3, 4, 5}, 0.05));
  EXPECT_TRUE(signed_rank({1, 2, 3, 4, 5, 6}, 0.05));
}

TEST(SignedRankTest, NothingOfNothing) { EXPECT_FALSE(signed_rank({}, 0.05)); }

}  // namespace
}  // namespace wp::judge
