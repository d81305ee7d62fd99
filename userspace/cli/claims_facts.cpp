// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/cli/claims_facts.hpp"

#include <unistd.h>

#include <algorithm>
#include <set>

#include "userspace/cli/demo_facts.hpp"

namespace wp::cli {
namespace {

using model::Stage;
using model::StagePoint;
using model::ThreadEvidence;

/// Pages are shared out among 16 connections: less than this can't be told from nothing.
constexpr double kLeastMemoryBytes = 4096.0 / 16;

double number(std::uint64_t value) { return static_cast<double>(value); }

bool is_after(const StagePoint& a, const StagePoint& b) { return !a.has_time() || !b.has_time() || a.ts_ns <= b.ts_ns; }

/// Two neighbours at a time; a reader blocked in its read entered that before anything came.
bool is_ordered(const model::Path& path) {
  static constexpr Stage kOrder[] = {Stage::kDriver, Stage::kSoftirq, Stage::kStack,   Stage::kProtocol,
                                     Stage::kQueued, Stage::kWaking,  Stage::kRunning, Stage::kDone};
  const StagePoint* last = nullptr;
  for (const Stage stage : kOrder) {
    const StagePoint& point = path.at(stage);
    if (!point.has_time()) continue;
    if (last && !is_after(*last, point)) return false;
    last = &point;
  }
  return true;
}

/// The reader computed, or was busy with others: in no wait at all.
bool was_busy(const model::Wake& wake) {
  return !wake.needed && (wake.why == model::Reason::kRunning || wake.why == model::Reason::kBusyElsewhere ||
                          wake.why == model::Reason::kFoundReady);
}

/// What the wait queue says of the wait, and what the system call says, are the same.
bool witnesses_agree(const model::Path& path) {
  const std::string& call = path.wait_syscall;
  switch (path.wake.mechanism) {
    case model::Mechanism::kEpoll: return call.starts_with("epoll_");
    case model::Mechanism::kPoll: return call == "poll" || call == "ppoll";
    case model::Mechanism::kSelect: return call == "select" || call == "pselect6";
    case model::Mechanism::kBlocking: return call.empty();
    default: return false;
  }
}

template <typename F>
double sum(const model::Evidence& e, F of) {
  std::uint64_t all = 0;
  for (const auto& [id, thread] : e.threads) all += of(thread);
  return number(all);
}

void add_thread_facts(const model::Evidence& e, judge::Facts& facts) {
  const auto put = [&](const char* name, auto of) { facts[name] = sum(e, of); };
  put("arrivals", [](const ThreadEvidence& t) { return t.arrivals; });
  put("arrivals_asleep", [](const ThreadEvidence& t) { return t.arrivals_asleep; });
  put("arrivals_woke", [](const ThreadEvidence& t) { return t.arrivals_woke; });
  put("arrivals_unwatched", [](const ThreadEvidence& t) { return t.arrivals_unwatched; });
  put("waits", [](const ThreadEvidence& t) { return t.waits; });
  put("slept_waits", [](const ThreadEvidence& t) { return t.slept_waits; });
  put("empty_waits", [](const ThreadEvidence& t) { return t.empty_waits; });
  put("ready_waits", [](const ThreadEvidence& t) { return t.ready_waits; });
  put("empty_reads", [](const ThreadEvidence& t) { return t.empty_reads; });
  put("read_calls", [](const ThreadEvidence& t) { return t.reads + t.accepts + t.empty_reads; });
  put("barren", [](const ThreadEvidence& t) { return t.barren; });
  put("ticks", [](const ThreadEvidence& t) { return t.ticks; });
  put("wakes_task", [](const ThreadEvidence& t) { return t.wakes.task; });
  put("wakes_all", [](const ThreadEvidence& t) { return t.wakes.all(); });
  put("accepts_all", [](const ThreadEvidence& t) { return t.accepts; });
  double most = 0, at_once = 0, readers = 0;
  for (const auto& [id, thread] : e.threads) {
    most = std::max(most, number(thread.accepts));
    at_once = std::max(at_once, number(thread.sockets_at_once));
    readers += thread.reads > 0 ? 1 : 0;
  }
  facts["accepts_most"] = most;
  facts["sockets_at_once"] = at_once;
  facts["reader_tasks"] = readers;
  facts["connections"] = facts["accepts_all"];
}

void add_activity_facts(const model::Activity& activity, judge::Facts& facts) {
  std::uint64_t taken = 0, watched = 0, calls = 0, ended = 0;
  for (const auto& [name, use] : activity.signals) taken += use.taken;
  for (const auto& [call, use] : activity.waits) {
    watched += use.watched;
    calls += use.calls;
  }
  for (const model::Process& process : activity.processes) ended += process.forked_ns && process.ended_ns ? 1 : 0;
  facts["signals_taken"] = number(taken);
  facts["watched"] = number(watched);
  facts["wait_calls"] = number(calls);
  facts["processes_ended"] = number(ended);
  facts["fins_shared"] = number(activity.shared.fins_with_the_last + activity.shared.fins_before_the_last);
}

}  // namespace

void PathCounts::add(const model::Path& path) {
  if (path.peek || path.datagram) return;
  const auto count = [this](const char* name, bool hit) { counts_[name] += hit ? 1 : 0; };
  count("p_all", true);
  count("p_complete", model::is_complete(path));
  count("p_ordered", is_ordered(path));
  if (path.part_of_delivery == 0 && path.at(Stage::kQueued).has_time()) {
    count("p_queued", true);
    count("p_unread", path.arrival.unread > 0);
    count("p_in_sender", path.arrival.softirq_how == "inline");
    count("p_over_user", path.arrival.irq_over == "user");
    count("p_unwatched", path.witness.empty());
    count("p_unread_unwatched", path.witness.empty() && path.arrival.unread > 0);
    count("p_awake", was_busy(path.wake));
    count("p_awake_entry", was_busy(path.wake) && !path.witness.empty());
  }
  const StagePoint &waking = path.at(Stage::kWaking), &returned = path.at(Stage::kReturned),
                   &read = path.at(Stage::kRead);
  if (path.wake.needed && waking.has_time() && path.at(Stage::kQueued).has_time()) {
    count("p_waking", true);
    count("p_queued_before_waking", is_after(path.at(Stage::kQueued), waking));
    count("p_wake_level", path.wake.level != model::Level::kUnknown);
    count("p_wake_softirq", path.wake.level == model::Level::kSoftirq);
    count("p_witnesses", true);
    count("p_witnesses_agree", witnesses_agree(path));
  }
  if (!path.wait_syscall.empty() && returned.has_time() && read.has_time()) {
    count("p_after_wait", true);
    count("p_returned_before_read", is_after(returned, read));
  }
}

void PathCounts::put_into(judge::Facts& facts) const { facts.insert(counts_.begin(), counts_.end()); }

void add_load_facts(const DemoRun& run, std::uint64_t asked, judge::Facts& facts) {
  facts["asked"] = number(asked);
  const auto said = nlohmann::json::parse(run.client_json, nullptr, false);
  facts["c_requests"] = 0;
  for (const char* name : {"requests", "errors", "p50_ns", "p99_ns"})
    if (said.is_object() && said.contains(name) && said[name].is_number())
      facts[std::string("c_") + name] = said[name].get<double>();
  facts["server_cpu_ns"] = number(run.used.cpu_ns);
  facts["server_switches"] = number(run.used.switches);
  facts["server_queue_ns"] = number(run.queue_ns);
  facts["wall_ns"] = number(run.wall_ns);
  facts["cpus"] = static_cast<double>(sysconf(_SC_NPROCESSORS_ONLN));
  if (const auto& memory = run.memory) {
    facts["memory_connections"] = number(memory->connections);
    facts["memory_floor_bytes"] =
        std::max(static_cast<double>(memory->bytes), kLeastMemoryBytes * number(memory->connections));
  }
}

const ThreadEvidence* serving_thread(const model::Evidence& evidence, pid_t server) {
  const ThreadEvidence* best = nullptr;
  for (const auto& [id, thread] : evidence.threads) {
    const auto did = [](const ThreadEvidence& t) { return t.reads + t.accepts; };
    if (did(thread) > (best ? did(*best) : 0)) best = &thread;
    if (!best && id.tid == static_cast<std::uint32_t>(server)) best = &thread;
  }
  return best;
}

void add_recorded_facts(const DemoFindings& findings, const model::Evidence& evidence, judge::Facts& facts) {
  const nlohmann::json counted = demo_facts(findings);
  for (const auto& [name, value] : counted.items())
    if (value.is_number()) facts.emplace(name, value.get<double>());
  facts["wrong"] = number(findings.verdict.counts.wrong + findings.verdict.counts.stray);
  facts["events_lost"] = number(findings.summary.events_lost);
  facts["watched_s"] = number(evidence.to_ns - evidence.from_ns) / 1e9;
  add_activity_facts(findings.summary.activity, facts);
  add_thread_facts(evidence, facts);
  const ThreadEvidence* thread = serving_thread(evidence, findings.run.server);
  if (!thread) return;
  facts["idle_run_ns"] = number(thread->idle.run_ns);
  facts["idle_sleep_ns"] = number(thread->idle.sleep_ns);
  facts["idle_available_ns"] = number(thread->idle.run_ns + thread->idle.sleep_ns);
  facts["idle_s"] = number(thread->idle.all_ns()) / 1e9;
}

void keep_known(judge::Facts& facts) {
  static const std::set<std::string> kKnown = [] {
    std::set<std::string> known{
        "asked", "c_requests",    "c_errors",        "wrong",           "wall_ns",     "cpus",
        "waits", "slept_waits",   "arrivals_woke",   "arrivals_asleep", "events_lost", "trials",
        "hits",  "server_cpu_ns", "server_queue_ns", "p_witnesses",     "c_p99_ns",    "p_witnesses_agree"};
    for (const judge::Quantity& quantity : judge::quantities()) known.insert({quantity.of, quantity.through});
    return known;
  }();
  std::erase_if(facts, [](const auto& fact) { return !kKnown.contains(fact.first) && !fact.first.starts_with("ns_"); });
}

}  // namespace wp::cli
