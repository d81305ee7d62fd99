// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/base/check.hpp"

#include <gtest/gtest.h>

namespace {

TEST(CheckDeathTest, AbortsWithPlaceAndCondition) {
  EXPECT_DEATH(WP_CHECK(1 + 1 == 3), "internal error: .*check_test.cpp:[0-9]+: 1 \\+ 1 == 3 does not hold");
}

TEST(CheckTest, EvaluatesItsConditionOnce) {
  int evaluated = 0;
  WP_CHECK(++evaluated == 1);
  EXPECT_EQ(evaluated, 1);
}

}  // namespace
