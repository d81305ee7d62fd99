// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What a thread, and a server as a whole, is: a pure function of the evidence in a recording.
// Rules and thresholds are in classifier.cpp and docs/classify.md; nothing here depends on names of programs.
#include <optional>
#include <string>
#include <vector>

#include "userspace/judge/proportion.hpp"
#include "userspace/model/evidence.hpp"

namespace wp::judge {

enum class WaitClass : std::uint8_t {
  kEventDriven,
  kSpin,
  kSleepPoll,
  kHybrid,
  kStalled,       ///< data lies unread and nothing will wake it
  kUndetermined,  ///< `missing` says what is missing
  kNoNetwork,     ///< touches no watched socket
};
const char* class_name(WaitClass c);  ///< "event_driven", "spin", ...

struct ThreadVerdict {
  model::Task task;
  WaitClass wait = WaitClass::kUndetermined;
  std::string kind;       ///< "epoll", "system calls: recvfrom", "user space", ...; empty: none
  std::string timer;      ///< what its timers do where that is no polling: "housekeeping, every 100 ms"; empty: none
  Share share;            ///< the proportion the class rests on; of nothing: it rests on sums of time
  double confidence = 0;  ///< lower bound of it, 0 to 1; 0 with kUndetermined
  std::uint64_t period_ns = 0;       ///< kSleepPoll: median from tick to tick
  std::uint64_t spin_budget_ns = 0;  ///< kHybrid: median from the last byte to the sleep
  std::vector<std::string> evidence;
  std::string counterexample;  ///< the best argument against; empty: none seen
  std::string missing;         ///< with kUndetermined
  bool restless = false;       ///< it ran more than half of the time it could have
};

enum class Architecture : std::uint8_t {
  kMultiplexing,
  kProcessPerConnection,
  kThreadPerConnection,
  kPrefork,
  kThreadPool,
  kDispatcher,
  kIterative,
  kUndetermined,
};
const char* architecture_name(Architecture a);  ///< "multiplexing", "process_per_connection", ...

struct ServerVerdict {
  std::uint32_t pid = 0;  ///< its oldest process
  std::string comm;
  Architecture architecture = Architecture::kUndetermined;
  std::uint64_t loops = 0;                    ///< kMultiplexing, kDispatcher: threads that read from several sockets
  std::uint64_t processes = 0;                ///< that read
  WaitClass wait = WaitClass::kUndetermined;  ///< the worst of its threads with a network role
  std::string kind;
  std::vector<std::string> evidence;
  std::string missing;
  std::vector<ThreadVerdict> threads;
};

struct Classification {
  std::uint64_t watched_ns = 0, events_lost = 0;
  std::vector<ServerVerdict> servers;
};

/// Any evidence, of any recording. Threads that did nothing and slept are named, not judged.
Classification classify(const model::Evidence& evidence);
/// One thread by itself.
ThreadVerdict classify_thread(const model::ThreadEvidence& e, std::uint64_t idle_ns, std::uint64_t events_lost);

}  // namespace wp::judge
