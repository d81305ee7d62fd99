// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/capture/shedder.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace wp::capture {
namespace {

using Place = std::pair<int, std::uint32_t>;

Place place(Step step) { return {step.detail, step.sample}; }

TEST(Shedder, GivesUpTimelineThenCallsThenRequests) {
  Shedder shedder({WP_DETAIL_timeline, 1}, 20000);
  std::vector<Place> seen;
  while (shedder.on(20001)) seen.push_back(place(shedder.now()));
  EXPECT_EQ(seen, (std::vector<Place>{{WP_DETAIL_path, 1},
                                      {WP_DETAIL_light, 1},
                                      {WP_DETAIL_light, 10},
                                      {WP_DETAIL_light, 100},
                                      {WP_DETAIL_light, 1000}}));
}

TEST(Shedder, KeepsWhatFitsAndTakesNothingBackNearTheBudget) {
  Shedder shedder({WP_DETAIL_path, 1}, 20000);
  EXPECT_FALSE(shedder.on(20000));
  EXPECT_TRUE(shedder.on(30000));
  for (int second = 0; second < 100; ++second) EXPECT_FALSE(shedder.on(5000));
  EXPECT_EQ(place(shedder.now()), Place(WP_DETAIL_light, 1));
}

TEST(Shedder, TakesBackAfterTenCalmSecondsInARow) {
  Shedder shedder({WP_DETAIL_path, 1}, 20000);
  EXPECT_TRUE(shedder.on(30000));
  for (int second = 0; second < 9; ++second) EXPECT_FALSE(shedder.on(4999));
  EXPECT_FALSE(shedder.on(5000));
  for (int second = 0; second < 9; ++second) EXPECT_FALSE(shedder.on(4999));
  EXPECT_TRUE(shedder.on(4999));
  EXPECT_EQ(place(shedder.now()), Place(WP_DETAIL_path, 1));
}

TEST(Shedder, NeverRisesAboveWhatWasAskedForNorToTimeline) {
  Step step{WP_DETAIL_light, 1000};
  for (int i = 0; i < 10; ++i) step = more_than(step, {WP_DETAIL_timeline, 1});
  EXPECT_EQ(place(step), Place(WP_DETAIL_path, 1));
  step = {WP_DETAIL_light, 1000};
  for (int i = 0; i < 10; ++i) step = more_than(step, {WP_DETAIL_light, 50});
  EXPECT_EQ(place(step), Place(WP_DETAIL_light, 50));
}

}  // namespace
}  // namespace wp::capture
