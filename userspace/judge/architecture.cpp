// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/judge/architecture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace wp::judge {

using model::ThreadEvidence;

namespace {

struct Roles {
  std::vector<const ThreadEvidence*> readers, acceptors;
  std::uint64_t loops = 0;               // readers with several connections at once
  std::uint64_t sockets = 0, older = 0;  // older: connected before their reader was born
  std::set<std::uint32_t> processes;     // of the readers
  bool readers_accept = true;            // each of them
  bool own_process = false;              // some reader is in another process than every acceptor
};

Roles roles_of(const Server& server) {
  Roles r;
  std::set<std::uint32_t> accepting;
  for (const ThreadEvidence* e : server.threads) {
    if (e->accepts) {
      r.acceptors.push_back(e);
      accepting.insert(e->task.pid);
    }
    if (!e->sockets) continue;
    r.readers.push_back(e);
    r.loops += e->sockets_at_once > 1;
    r.sockets += e->sockets;
    r.older += e->sockets_older;
    r.processes.insert(e->task.pid);
    r.readers_accept &= e->accepts > 0;
  }
  for (const std::uint32_t pid : r.processes) r.own_process |= !accepting.empty() && !accepting.contains(pid);
  return r;
}

Architecture pool_of(const Roles& r) {
  if (r.readers.size() == 1) return Architecture::kIterative;
  return r.processes.size() > 1 ? Architecture::kPrefork : Architecture::kThreadPool;
}

Architecture architecture_of(const Roles& r, std::string& missing) {
  if (r.readers.empty()) {
    missing = "nobody read from a connection";
    return Architecture::kUndetermined;
  }
  if (r.older * 2 > r.sockets)
    return r.own_process ? Architecture::kProcessPerConnection : Architecture::kThreadPerConnection;
  if (r.acceptors.empty()) {
    if (r.loops) return Architecture::kMultiplexing;
    missing = "no connection was accepted meanwhile: whether each gets a task of its own is not known";
    return Architecture::kUndetermined;
  }
  if (r.loops && r.readers_accept) return Architecture::kMultiplexing;
  if (r.readers_accept) return pool_of(r);
  const bool nobody_does_both =
      std::none_of(r.readers.begin(), r.readers.end(), [](const ThreadEvidence* e) { return e->accepts > 0; });
  if (nobody_does_both) return Architecture::kDispatcher;
  // Some readers had no connection of their own to accept yet, or got theirs before the recording.
  return r.loops ? Architecture::kMultiplexing : pool_of(r);
}

constexpr std::array kWorstFirst = {WaitClass::kSpin,   WaitClass::kSleepPoll,   WaitClass::kStalled,
                                    WaitClass::kHybrid, WaitClass::kEventDriven, WaitClass::kUndetermined};

}  // namespace

const char* architecture_name(Architecture a) {
  switch (a) {
    case Architecture::kMultiplexing: return "multiplexing";
    case Architecture::kProcessPerConnection: return "process_per_connection";
    case Architecture::kThreadPerConnection: return "thread_per_connection";
    case Architecture::kPrefork: return "prefork";
    case Architecture::kThreadPool: return "thread_pool";
    case Architecture::kDispatcher: return "dispatcher";
    case Architecture::kIterative: return "iterative";
    case Architecture::kUndetermined: break;
  }
  return "undetermined";
}

std::vector<Server> servers_of(const model::Evidence& evidence) {
  std::map<std::uint32_t, std::uint32_t> parents;
  std::map<std::uint32_t, std::string> comms;
  for (const auto& [id, e] : evidence.threads) {
    parents[e.task.pid] = e.task.ppid;
    if (id.tid == e.task.pid) comms[e.task.pid] = e.task.comm;
  }
  std::map<std::uint32_t, Server> servers;
  for (const auto& [id, e] : evidence.threads) {
    std::uint32_t root = e.task.pid;
    for (int depth = 0; depth < 64 && parents.contains(parents[root]) && parents[root] != root; ++depth)
      root = parents[root];
    Server& server = servers[root];
    server.pid = root;
    server.comm = comms[root];
    server.threads.push_back(&e);
  }
  std::vector<Server> all;
  for (auto& [pid, server] : servers) {
    std::sort(server.threads.begin(), server.threads.end(), [](const ThreadEvidence* a, const ThreadEvidence* b) {
      return std::pair(a->task.pid, a->task.id) < std::pair(b->task.pid, b->task.id);
    });
    all.push_back(std::move(server));
  }
  return all;
}

ServerVerdict judge_architecture(const Server& server) {
  const Roles r = roles_of(server);
  ServerVerdict v;
  v.pid = server.pid;
  v.comm = server.comm;
  v.architecture = architecture_of(r, v.missing);
  v.loops = r.loops;
  v.processes = r.processes.size();
  std::uint64_t most = 0, accepts = 0;
  for (const ThreadEvidence* e : r.readers) most = std::max(most, e->sockets_at_once);
  for (const ThreadEvidence* e : r.acceptors) accepts += e->accepts;
  v.evidence.push_back(fmt::format("{} connections accepted by {} threads; {} read by {} threads of {} processes",
                                   accepts, r.acceptors.size(), r.sockets, r.readers.size(), r.processes.size()));
  v.evidence.push_back(fmt::format(
      "at most {} connections at once in one thread; {} of {} were older than their reader", most, r.older, r.sockets));
  return v;
}

void sum_up_threads(ServerVerdict& v) {
  const ThreadVerdict* worst = nullptr;
  for (const WaitClass c : kWorstFirst) {
    const auto found = std::find_if(v.threads.begin(), v.threads.end(), [c](const auto& t) { return t.wait == c; });
    if (found == v.threads.end()) continue;
    worst = &*found;
    break;
  }
  if (!worst) return;
  // One that is busy with something unknown may be what the others are not.
  const auto unknown = std::find_if(v.threads.begin(), v.threads.end(),
                                    [](const auto& t) { return t.wait == WaitClass::kUndetermined && t.restless; });
  if (worst->wait == WaitClass::kEventDriven && unknown != v.threads.end()) worst = &*unknown;
  v.wait = worst->wait;
  v.kind = worst->kind;
}

}  // namespace wp::judge
