// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/selection.hpp"

#include <gtest/gtest.h>

#include "tests/support/path_builder.hpp"

namespace wp::report {
namespace {

using model::Path;
using model::Stage;

// Path `id` takes that many microseconds, in an order that is not theirs.
template <typename Sink>
void hundred_paths(Sink& sink) {
  for (std::uint64_t i = 0; i < 100; ++i) {
    test::PathBuilder b;
    b.path.id = i * 37 % 100 + 1;
    b.at(Stage::kQueued, 1000).at(Stage::kDone, 1000 + b.path.id * 1000);
    sink.on_path(b.path);
  }
  test::PathBuilder without_end;
  without_end.path.id = 1000;
  without_end.at(Stage::kQueued, 1);
  sink.on_path(without_end.path);
}

TEST(SelectionTest, ByIdFindsItOrNothing) {
  SelectById there(42), missing(4711);
  hundred_paths(there);
  hundred_paths(missing);
  ASSERT_TRUE(there.found());
  EXPECT_EQ(there.found()->id, 42U);
  EXPECT_FALSE(missing.found());
}

TEST(SelectionTest, SlowestComeFirstAndOnlyAsManyAsAskedFor) {
  SelectSlowest select(3);
  hundred_paths(select);
  const auto paths = std::move(select).take();
  ASSERT_EQ(paths.size(), 3U);
  EXPECT_EQ(paths[0].id, 100U);
  EXPECT_EQ(paths[1].id, 99U);
  EXPECT_EQ(paths[2].id, 98U);
}

TEST(SelectionTest, OfEquallySlowOnesTheEarlier) {
  SelectSlowest select(1);
  test::PathBuilder b;
  b.at(Stage::kQueued, 1000).at(Stage::kDone, 2000);
  for (const std::uint64_t id : {9U, 4U, 6U}) {
    b.path.id = id;
    select.on_path(b.path);
  }
  EXPECT_EQ(std::move(select).take().at(0).id, 4U);
}

TEST(SelectionTest, PercentileIsExact) {
  SelectPercentile select;
  hundred_paths(select);
  EXPECT_EQ(select.id_at(99), 99U);
  EXPECT_EQ(select.id_at(50), 50U);
  EXPECT_EQ(select.id_at(100), 100U);
  EXPECT_EQ(select.id_at(0.001), 1U);
  EXPECT_EQ(SelectPercentile().id_at(50), std::nullopt);
}

}  // namespace
}  // namespace wp::report
