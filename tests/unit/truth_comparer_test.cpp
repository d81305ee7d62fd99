// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/truth_story.hpp"
#include "userspace/truth/comparer.hpp"

namespace wp::truth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

constexpr std::uint16_t kOtherClient = kClientPort + 1;

/// Two connections with `count` requests each, at the same times.
Comparer two_connections(std::uint64_t count) {
  std::vector<ClientRequest> requests;
  std::vector<ServerRead> reads;
  for (const std::uint16_t port : {kOtherClient, kClientPort}) {
    for (std::uint64_t k = count; k-- > 0;) {
      requests.push_back(true_request(k, port));
      reads.push_back(true_read(k, port));
      reads.back().fd += port - kClientPort;
    }
  }
  auto logs = join(std::move(requests), std::move(reads));
  EXPECT_TRUE(logs) << logs.error().message;
  return Comparer(std::move(*logs));
}

model::Path path_of_other(std::uint64_t k) {
  model::Path path = true_path(k, kOtherClient);
  path.fd += 1;
  return path;
}

void expect_counts(const Verdict& verdict, std::uint64_t complete, std::uint64_t partial, std::uint64_t missing,
                   std::uint64_t wrong, std::uint64_t stray = 0) {
  const Counts& c = verdict.counts;
  EXPECT_EQ(c.complete, complete);
  EXPECT_EQ(c.partial, partial);
  EXPECT_EQ(c.missing, missing);
  EXPECT_EQ(c.wrong, wrong);
  EXPECT_EQ(c.stray, stray);
  EXPECT_EQ(c.requests, complete + partial + missing + wrong);
  EXPECT_EQ(verdict.holds(), missing == 0 && wrong == 0 && stray == 0);
}

TEST(TruthComparerTest, AFaultlessRecordingIsComplete) {
  Comparer comparer = two_connections(3);
  for (std::uint64_t k = 0; k < 3; ++k) {
    comparer.on_path(true_path(k));
    comparer.on_path(path_of_other(k));
  }
  expect_counts(comparer.finish(), 6, 0, 0, 0);
  EXPECT_THAT(comparer.finish().explanations, testing::IsEmpty());
}

TEST(TruthComparerTest, WhatNoPathTellsIsMissing) {
  Comparer comparer = two_connections(2);
  comparer.on_path(true_path(0));
  comparer.on_path(true_path(1));
  comparer.on_path(path_of_other(1));
  const Verdict verdict = comparer.finish();
  expect_counts(verdict, 3, 0, 1, 0);
  EXPECT_THAT(verdict.explanations, ElementsAre(HasSubstr("missing: connection 40002 -> 7000, request 0")));
}

TEST(TruthComparerTest, OneMissingByteIsMissing) {
  Comparer comparer = two_connections(1);
  model::Path path = true_path(0);
  --path.end;
  comparer.on_path(path);
  comparer.on_path(path_of_other(0));
  expect_counts(comparer.finish(), 1, 0, 1, 0);
}

TEST(TruthComparerTest, ARequestMayArriveInPieces) {
  Comparer comparer = two_connections(1);
  comparer.on_path(path_of_other(0));
  model::Path first = true_path(0), second = true_path(0);
  first.end = second.begin = 20;
  comparer.on_path(second);
  comparer.on_path(first);
  expect_counts(comparer.finish(), 2, 0, 0, 0);
}

TEST(TruthComparerTest, AnUnknownStageIsPartialAndSaysWhich) {
  Comparer comparer = two_connections(1);
  comparer.on_path(path_of_other(0));
  model::Path path = true_path(0);
  path.at(model::Stage::kSoftirq) = {model::Seen::kUnknown, model::Reason::kLost, 0, -1};
  comparer.on_path(path);
  const Verdict verdict = comparer.finish();
  expect_counts(verdict, 1, 1, 0, 0);
  EXPECT_THAT(verdict.explanations, ElementsAre(HasSubstr("softirq is unknown")));
}

TEST(TruthComparerTest, LossNearbyIsPartial) {
  Comparer comparer = two_connections(1);
  comparer.on_path(path_of_other(0));
  model::Path path = true_path(0);
  path.loss_nearby = true;
  comparer.on_path(path);
  expect_counts(comparer.finish(), 1, 1, 0, 0);
}

TEST(TruthComparerTest, AByteInTwoPathsIsWrong) {
  Comparer comparer = two_connections(2);
  for (std::uint64_t k = 0; k < 2; ++k) {
    comparer.on_path(true_path(k));
    comparer.on_path(path_of_other(k));
  }
  comparer.on_path(true_path(1));
  const Verdict verdict = comparer.finish();
  expect_counts(verdict, 3, 0, 0, 1);
  EXPECT_THAT(verdict.contradictions, ElementsAre(Pair("bytes_twice", 1)));
}

TEST(TruthComparerTest, APeekTakesNoBytes) {
  Comparer comparer = two_connections(1);
  model::Path peek = true_path(0);
  peek.peek = true;
  comparer.on_path(peek);
  comparer.on_path(true_path(0));
  comparer.on_path(path_of_other(0));
  expect_counts(comparer.finish(), 2, 0, 0, 0);
}

TEST(TruthComparerTest, SwappedSocketsAreWrong) {
  Comparer comparer = two_connections(2);
  for (std::uint64_t k = 0; k < 2; ++k) {
    model::Path one = true_path(k), other = path_of_other(k);
    std::swap(one.socket, other.socket);
    comparer.on_path(one);
    comparer.on_path(other);
  }
  const Verdict verdict = comparer.finish();
  expect_counts(verdict, 0, 0, 0, 4);
  EXPECT_THAT(verdict.contradictions, ElementsAre(Pair("other_descriptor", 4)));
}

TEST(TruthComparerTest, NeighbouringRequestsMixedUpAreWrong) {
  Comparer comparer = two_connections(2);
  for (std::uint64_t k = 0; k < 2; ++k) {
    model::Path path = true_path(k);
    path.begin = (1 - k) * kBytes;
    path.end = path.begin + kBytes;
    comparer.on_path(path);
    comparer.on_path(path_of_other(k));
  }
  expect_counts(comparer.finish(), 2, 0, 0, 2);
}

TEST(TruthComparerTest, PortsAloneAreNoIdentity) {
  Comparer comparer = two_connections(1);
  comparer.on_path(path_of_other(0));
  model::Path path = true_path(0);
  path.socket.family = AF_INET6;
  comparer.on_path(path);
  const Verdict verdict = comparer.finish();
  expect_counts(verdict, 1, 0, 1, 0, 1);
  EXPECT_THAT(verdict.contradictions, ElementsAre(Pair("no_such_connection", 1)));
}

TEST(TruthComparerTest, BytesNobodySentAreStray) {
  Comparer comparer = two_connections(1);
  comparer.on_path(true_path(0));
  comparer.on_path(path_of_other(0));
  comparer.on_path(true_path(1));
  expect_counts(comparer.finish(), 2, 0, 0, 0, 1);
}

TEST(TruthComparerTest, ThePlaceOfAFinIsNoByte) {
  Comparer comparer = two_connections(1);
  comparer.on_path(path_of_other(0));
  model::Path path = true_path(0);
  path.fin = true;
  ++path.end;
  comparer.on_path(path);
  model::Path end_of_stream = path;
  end_of_stream.begin = kBytes;
  comparer.on_path(end_of_stream);
  expect_counts(comparer.finish(), 2, 0, 0, 0);
}

TEST(TruthComparerTest, ExplanationsAreFew) {
  Comparer comparer = two_connections(100);
  const Verdict verdict = comparer.finish();
  expect_counts(verdict, 0, 0, 200, 0);
  EXPECT_EQ(verdict.explanations.size(), 10U);
}

}  // namespace
}  // namespace wp::truth
