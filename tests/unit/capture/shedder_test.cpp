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

TEST(Shedder, KeepsWhatFitsAndWatchesNoCallsNearTheBudget) {
  Shedder shedder({WP_DETAIL_path, 1}, 20000);
  EXPECT_FALSE(shedder.on(20000));
  EXPECT_TRUE(shedder.on(30000));
  for (int second = 0; second < 100; ++second) EXPECT_FALSE(shedder.on(10000));
  EXPECT_EQ(place(shedder.now()), Place(WP_DETAIL_light, 1));
}

TEST(Shedder, WatchesCallsAgainAfterTenCalmSecondsInARow) {
  Shedder shedder({WP_DETAIL_path, 1}, 20000);
  EXPECT_TRUE(shedder.on(30000));
  for (int second = 0; second < 9; ++second) EXPECT_FALSE(shedder.on(9999));
  EXPECT_FALSE(shedder.on(10000));
  for (int second = 0; second < 9; ++second) EXPECT_FALSE(shedder.on(9999));
  EXPECT_TRUE(shedder.on(9999));
  EXPECT_EQ(place(shedder.now()), Place(WP_DETAIL_path, 1));
}

// What a second costs: so much whatever is recorded, so much for each request that is.
struct Load {
  double always, all;
  [[nodiscard]] std::uint32_t under(Step step) const { return static_cast<std::uint32_t>(always + all / step.sample); }
};

TEST(Shedder, ComesBackToTheBudgetFromBelowAndStays) {
  Shedder shedder({WP_DETAIL_light, 1}, 20000);
  for (const Load load : {Load{6000, 60000}, Load{15000, 40000}, Load{2000, 30000}, Load{9000, 900000}}) {
    for (int second = 0; second < 100; ++second) shedder.on(load.under(shedder.now()));
    const std::uint32_t settled = shedder.now().sample;
    for (int second = 0; second < 20; ++second) {
      const std::uint32_t used = load.under(shedder.now());
      EXPECT_LE(used, 20000U);
      EXPECT_GE(used, 17000U);
      EXPECT_FALSE(shedder.on(used));
    }
    EXPECT_EQ(shedder.now().sample, settled);
  }
}

TEST(Shedder, NeverRisesAboveWhatWasAskedForNorToTimeline) {
  Shedder shedder({WP_DETAIL_timeline, 50}, 20000);
  while (shedder.on(20001)) {
  }
  for (int second = 0; second < 1000; ++second) shedder.on(1);
  EXPECT_EQ(place(shedder.now()), Place(WP_DETAIL_path, 50));
}

}  // namespace
}  // namespace wp::capture
