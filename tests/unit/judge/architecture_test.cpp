// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/judge/architecture.hpp"

#include <gtest/gtest.h>

namespace wp::judge {
namespace {

using model::ThreadEvidence;

struct Member {
  std::uint32_t tid, pid;
  std::uint64_t accepts, sockets, at_once, older;
};

// The first is the root; the others are its threads or its children.
ServerVerdict judged(const std::vector<Member>& members) {
  model::Evidence evidence;
  for (const Member& m : members) {
    ThreadEvidence e;
    e.task.id = {m.tid, m.tid};
    e.task.pid = m.pid;
    e.task.ppid = m.pid == members[0].pid ? 1 : members[0].pid;
    e.accepts = m.accepts;
    e.sockets = m.sockets;
    e.sockets_at_once = m.at_once;
    e.sockets_older = m.older;
    evidence.threads[e.task.id] = e;
  }
  const auto servers = servers_of(evidence);
  EXPECT_EQ(servers.size(), 1U);
  return judge_architecture(servers.at(0));
}

TEST(ArchitectureTest, OneThreadWithManyConnectionsIsOneLoop) {
  const ServerVerdict v = judged({{10, 10, 3, 3, 3, 0}});
  EXPECT_EQ(v.architecture, Architecture::kMultiplexing);
  EXPECT_EQ(v.loops, 1U);
}

TEST(ArchitectureTest, WorkersThatEachAcceptAndMultiplexAreSeveralLoops) {
  const ServerVerdict v = judged({{10, 10, 0, 0, 0, 0}, {11, 11, 5, 5, 5, 0}, {12, 12, 4, 4, 4, 0}});
  EXPECT_EQ(v.architecture, Architecture::kMultiplexing);
  EXPECT_EQ(v.loops, 2U);
}

TEST(ArchitectureTest, AChildBornForItsConnectionIsAProcessPerConnection) {
  EXPECT_EQ(judged({{10, 10, 2, 0, 0, 0}, {11, 11, 0, 1, 1, 1}, {12, 12, 0, 1, 1, 1}}).architecture,
            Architecture::kProcessPerConnection);
}

TEST(ArchitectureTest, AThreadBornForItsConnectionIsAThreadPerConnection) {
  EXPECT_EQ(judged({{10, 10, 2, 0, 0, 0}, {11, 10, 0, 1, 1, 1}, {12, 10, 0, 1, 1, 1}}).architecture,
            Architecture::kThreadPerConnection);
}

TEST(ArchitectureTest, OlderChildrenWithOneConnectionAtATimeArePrefork) {
  EXPECT_EQ(judged({{10, 10, 0, 0, 0, 0}, {11, 11, 2, 2, 1, 0}, {12, 12, 2, 2, 1, 0}}).architecture,
            Architecture::kPrefork);
}

TEST(ArchitectureTest, OlderThreadsWithOneConnectionAtATimeAreAPool) {
  EXPECT_EQ(judged({{10, 10, 2, 2, 1, 0}, {11, 10, 2, 2, 1, 0}}).architecture, Architecture::kThreadPool);
}

TEST(ArchitectureTest, AcceptingHereAndReadingThereIsADispatcher) {
  EXPECT_EQ(judged({{10, 10, 4, 0, 0, 0}, {11, 10, 0, 2, 2, 0}, {12, 10, 0, 2, 2, 0}}).architecture,
            Architecture::kDispatcher);
}

TEST(ArchitectureTest, OneAfterTheOtherIsIterative) {
  EXPECT_EQ(judged({{10, 10, 5, 5, 1, 0}}).architecture, Architecture::kIterative);
}

TEST(ArchitectureTest, OneConnectionOfUnknownBirthDecidesNothing) {
  const ServerVerdict v = judged({{10, 10, 0, 1, 1, 0}, {11, 11, 0, 1, 1, 0}});
  EXPECT_EQ(v.architecture, Architecture::kUndetermined);
  EXPECT_FALSE(v.missing.empty());
}

}  // namespace
}  // namespace wp::judge
