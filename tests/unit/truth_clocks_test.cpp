// SPDX-License-Identifier: GPL-2.0-or-later
#include <gtest/gtest.h>

#include "tests/support/truth_story.hpp"
#include "userspace/truth/clocks.hpp"
#include "userspace/truth/comparer.hpp"

namespace wp::truth {
namespace {

constexpr std::int64_t kAhead = 7'000'000'123;  // the client's clock, of the server's

/// `count` requests whose client logs by a clock that is ahead and gains `drift` ns with every request.
Logs other_clock(std::uint64_t count, std::int64_t drift = 0) {
  std::vector<ClientRequest> requests;
  std::vector<ServerRead> reads;
  for (std::uint64_t k = 0; k < count; ++k) {
    const auto by = static_cast<std::uint64_t>(kAhead + drift * static_cast<std::int64_t>(k));
    requests.push_back(true_request(k));
    for (auto* time : {&requests.back().send_before_ns, &requests.back().send_after_ns, &requests.back().reply_ns})
      *time += by;
    reads.push_back(true_read(k));
  }
  auto logs = join(std::move(requests), std::move(reads));
  EXPECT_TRUE(logs) << logs.error().message;
  return std::move(*logs);
}

Counts judge(Logs logs, std::uint64_t count) {
  Comparer comparer(std::move(logs));
  for (std::uint64_t k = 0; k < count; ++k) comparer.on_path(true_path(k));
  return comparer.finish().counts;
}

TEST(TruthClocks, WithoutItATruePathLooksWrong) { EXPECT_EQ(judge(other_clock(3), 3).wrong, 3U); }

TEST(TruthClocks, ATruePathIsComplete) {
  Logs logs = other_clock(100);
  ASSERT_TRUE(to_server_clock(logs));
  EXPECT_EQ(judge(std::move(logs), 100).complete, 100U);
}

TEST(TruthClocks, TheTimesStayOutsideOfWhatTheyBracket) {
  Logs logs = other_clock(40);
  ASSERT_TRUE(to_server_clock(logs));
  for (std::uint64_t k = 0; k < 40; ++k) {
    EXPECT_LE(logs.requests[k].send_before_ns, true_request(k).send_before_ns);
    EXPECT_GE(logs.requests[k].reply_ns, true_request(k).reply_ns);
    EXPECT_GE(logs.requests[k].reply_ns, logs.reads[k].after_ns);
  }
}

TEST(TruthClocks, AClockThatDriftsIsFollowed) {
  Logs logs = other_clock(1000, 1'000);  // 1000 ppm: more than the round trip in all
  ASSERT_TRUE(to_server_clock(logs));
  EXPECT_EQ(judge(std::move(logs), 1000).complete, 1000U);
}

TEST(TruthClocks, AClockThatWasSetIsRefused) {
  Logs logs = other_clock(10);
  logs.requests[5].send_before_ns += 1'000'000'000;
  logs.requests[5].send_after_ns += 1'000'000'000;
  logs.requests[5].reply_ns += 1'000'000'000;
  EXPECT_FALSE(to_server_clock(logs));
}

TEST(TruthClocks, AWrongPathIsStillWrong) {
  Logs logs = other_clock(3);
  ASSERT_TRUE(to_server_clock(logs));
  Comparer comparer(std::move(logs));
  model::Path path = true_path(0);
  path.at(model::Stage::kXmit).ts_ns = start_of(1);  // long after the echo
  comparer.on_path(path);
  EXPECT_EQ(comparer.finish().contradictions.count("reply_after_echo"), 1U);
}

}  // namespace
}  // namespace wp::truth
