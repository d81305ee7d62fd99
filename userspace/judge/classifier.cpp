// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/judge/classifier.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "userspace/judge/architecture.hpp"

namespace wp::judge {

using model::ThreadEvidence;

namespace {

// Fixed before anything was measured with them; see docs/classify.md.
constexpr double kClassBound = 0.90;     // lower bound of the share a class rests on
constexpr double kSpinShare = 0.90;      // of the time it could have run while nothing arrived
constexpr double kRestlessShare = 0.10;  // more than this while nothing arrives wants an explanation
constexpr std::uint64_t kQuietNs = 1'000'000'000;
constexpr std::uint64_t kQuietUserNs = 3'000'000'000;  // user-space spinning leaves no other trace
constexpr double kBarrenPerSecond = 1000;              // of run time
constexpr double kFewCallsPerSecond = 100;             // fewer, besides those for requests: user space
constexpr std::uint64_t kCallsForRequest = 10;
constexpr std::uint64_t kBarrenRow = 1000;  // calls that bring nothing between two sleeps
constexpr double kTicksPerSecond = 20;      // fewer: housekeeping
constexpr std::uint64_t kLeastTicks = 50;
constexpr double kProbingShare = 0.80;
constexpr std::uint64_t kUserSpinNs = 500'000;

double seconds(std::uint64_t ns) { return static_cast<double>(ns) / 1e9; }
double per_second(std::uint64_t count, std::uint64_t ns) { return ns ? static_cast<double>(count) / seconds(ns) : 0; }

std::uint64_t median(const model::Samples& samples) {
  if (samples.kept.empty()) return 0;
  std::vector<std::uint64_t> sorted = samples.kept;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

std::string duration(std::uint64_t ns) {
  if (ns < 1'000) return fmt::format("{} ns", ns);
  if (ns < 1'000'000) return fmt::format("{:.3g} us", static_cast<double>(ns) / 1e3);
  if (ns < 1'000'000'000) return fmt::format("{:.3g} ms", static_cast<double>(ns) / 1e6);
  return fmt::format("{:.3g} s", seconds(ns));
}

template <typename Map>
std::string most_frequent(const Map& counts) {
  const auto most =
      std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? "" : most->first;
}

std::string mechanism_of(const ThreadEvidence& e) {
  const auto most = std::max_element(e.woke_by.begin(), e.woke_by.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most == e.woke_by.end()) return "";
  if (most->first == model::Mechanism::kPoll) {  // one callback for both calls: which it was, the waits tell
    const std::string call = most_frequent(e.waits_by_call);
    if (call.find("select") != std::string::npos) return "select";
  }
  if (most->first == model::Mechanism::kBlocking) return "blocking read";
  if (most->first == model::Mechanism::kAccept) return "blocking accept";
  return model::mechanism_name(most->first);
}

bool sleeps_on_descriptors(const ThreadEvidence& e) {
  const auto on_descriptors = [](const std::string& call) {
    return call.starts_with("epoll") || call.find("poll") != std::string::npos ||
           call.find("select") != std::string::npos || call.starts_with("accept") || call.starts_with("recv");
  };
  return on_descriptors(e.last_call) ||
         std::any_of(e.sleeps_in.begin(), e.sleeps_in.end(), [&](const auto& s) { return on_descriptors(s.first); });
}

bool has_network_role(const ThreadEvidence& e) {
  return e.reads || e.accepts || e.sends || e.arrivals || e.sockets || e.empty_reads || e.empty_waits ||
         e.ready_waits || sleeps_on_descriptors(e);
}

void describe_time(ThreadVerdict& v, const ThreadEvidence& e, std::uint64_t idle_ns) {
  v.evidence.push_back(fmt::format("ran {:.3g} % of the time it could have, of {}", 100 * e.spent.share_of_available(),
                                   duration(e.spent.all_ns())));
  if (idle_ns)
    v.evidence.push_back(fmt::format("while nothing arrived ({} in all): ran {:.3g} %", duration(idle_ns),
                                     100 * e.idle.share_of_available()));
  if (e.turns)
    v.evidence.push_back(
        fmt::format("woken {} times: {} by data or connections, {} by timers, {} by tasks, {} otherwise", e.wakes.all(),
                    e.wakes.socket, e.wakes.timer, e.wakes.task, e.wakes.other));
  if (e.waits || e.barren)
    v.evidence.push_back(
        fmt::format("{} waits: {} slept, {} returned at once with nothing, {} at once with something; "
                    "{} receives and accepts found nothing",
                    e.waits, e.slept_waits, e.empty_waits, e.ready_waits, e.empty_reads));
}

void describe_arrivals(ThreadVerdict& v, const ThreadEvidence& e) {
  if (!e.arrivals) return;
  v.evidence.push_back(fmt::format("{} arrivals: {} found it asleep, and {} of these woke it themselves", e.arrivals,
                                   e.arrivals_asleep, e.arrivals_woke));
  if (const std::uint64_t against = e.arrivals_asleep - e.arrivals_woke) {
    v.counterexample =
        fmt::format("{} arrivals found it asleep and did not wake it{}", against,
                    e.contrary.path_id ? fmt::format("; the worst is request #{}", e.contrary.path_id) : "");
    if (e.arrivals_unwatched)
      v.counterexample += fmt::format("; at {} of them nobody was on the socket's wait queue", e.arrivals_unwatched);
  }
}

// 1: it runs while nothing arrives.
std::string spin_kind(const ThreadEvidence& e) {
  const std::uint64_t run = e.spent.run_ns;
  if (per_second(e.barren, run) >= kBarrenPerSecond) {
    const std::string call = most_frequent(e.waits_by_call);
    if (e.empty_reads >= e.empty_waits && e.empty_reads >= e.ready_waits)
      return "system calls: receives or accepts that find nothing";
    if (e.ready_waits > e.empty_waits)
      return "false-ready: " + call + " returns at once, and nobody takes what it reports";
    return "system calls: " + call + " without a timeout";
  }
  if (per_second(e.yields, run) >= kBarrenPerSecond) return "system calls: sched_yield";
  if (per_second(e.calls, run) >= kBarrenPerSecond) return "system calls: " + e.last_call;
  if (e.task.comm.str().starts_with("iou-sqp-")) return "kernel-assisted: io_uring's submission poller";
  const std::uint64_t for_requests = kCallsForRequest * (e.reads + e.accepts);
  const std::uint64_t others = e.calls > for_requests ? e.calls - for_requests : 0;
  return per_second(others, run) < kFewCallsPerSecond ? "user space" : "";
}

// It slept, too, but not between these calls: it spins in some phase, such as after its first client.
bool spins_in_a_phase(const ThreadEvidence& e) {
  return e.idle.run_ns + e.idle.queue_ns >= kQuietNs && e.barren / (e.turns + 1) >= kBarrenRow &&
         per_second(e.barren, e.spent.run_ns) >= kBarrenPerSecond;
}

bool judge_spin(ThreadVerdict& v, const ThreadEvidence& e, std::uint64_t idle_ns) {
  const bool always = e.idle.share_of_available() >= kSpinShare && e.idle.all_ns() >= idle_ns / 2;
  if (idle_ns < kQuietNs || (!always && !spins_in_a_phase(e))) return false;
  v.kind = spin_kind(e);
  const bool by_calls = v.kind.find("calls") != std::string::npos || v.kind.starts_with("false");
  if (v.kind.empty() || (!by_calls && idle_ns < kQuietUserNs)) {
    v.missing = v.kind.empty() ? "it runs while nothing arrives, but what for is not seen"
                               : "it runs in user space while nothing arrives: 3 s without arrivals would tell more";
    v.kind.clear();
    return true;
  }
  v.wait = WaitClass::kSpin;
  if (!always)
    v.evidence.push_back(
        fmt::format("it slept at first: {} of the quiet time; then it ran", duration(e.idle.sleep_ns)));
  if (by_calls) v.share = {std::min(e.barren + e.yields, e.calls), e.calls};
  v.confidence = e.idle.share_of_available();
  v.evidence.push_back(fmt::format("{:.4g} calls a second of run time that brought nothing; {} of {} calls",
                                   per_second(e.barren + e.yields, e.spent.run_ns), e.barren + e.yields, e.calls));
  return true;
}

Share woke_share(const ThreadEvidence& e) { return {e.arrivals_woke, e.arrivals_asleep}; }

// 2: a timer wakes it, and it looks whether something has come.
bool judge_sleep_poll(ThreadVerdict& v, const ThreadEvidence& e) {
  const Share probing{e.ticks_probing, e.ticks_barren};
  if (e.ticks_barren < kLeastTicks || per_second(e.ticks, e.watched_ns()) < kTicksPerSecond ||
      probing.lower() < kProbingShare)
    return false;
  v.period_ns = median(e.tick_period_ns);
  const bool woken_too = woke_share(e).lower() >= kClassBound;
  v.wait = woken_too ? WaitClass::kHybrid : WaitClass::kSleepPoll;
  v.kind = fmt::format("{}looks every {}", woken_too ? mechanism_of(e) + ", and " : "", duration(v.period_ns));
  v.share = probing;
  v.confidence = probing.lower();
  v.evidence.push_back(fmt::format("{} timer wakes, {:.4g} a second; {} of {} that brought nothing tried a socket",
                                   e.ticks, per_second(e.ticks, e.watched_ns()), e.ticks_probing, e.ticks_barren));
  return true;
}

bool judge_stalled(ThreadVerdict& v, const ThreadEvidence& e, std::uint64_t idle_ns) {
  if (!e.left_unread || idle_ns < kQuietNs || e.idle.share_of_available() > kRestlessShare) return false;
  v.wait = WaitClass::kStalled;
  v.share = {e.left_unread, e.sockets};
  v.confidence = 1;
  v.kind = mechanism_of(e);
  v.evidence.push_back(
      fmt::format("{} of its {} sockets hold data that it has left unread for a second and more, and "
                  "no wake is pending",
                  e.left_unread, e.sockets));
  return true;
}

// Why a share of this many is not enough.
std::string what_is_missing(const ThreadEvidence& e) {
  const Share share = woke_share(e);
  if (!e.arrivals) {
    const std::string where = e.last_call.empty() ? most_frequent(e.sleeps_in) : e.last_call;
    return fmt::format("no arrivals{}: {} of them would tell", where.empty() ? "" : "; it was last seen in " + where,
                       hits_missing({}, kClassBound));
  }
  if (!share.of)
    return fmt::format("it was awake at each of {} arrivals: a quieter time would tell whether it can sleep",
                       e.arrivals);
  if (share.upper() >= kClassBound)
    return fmt::format("{} more arrivals that find it asleep", hits_missing(share, kClassBound));
  return fmt::format("only {} of {} arrivals that found it asleep woke it", share.hits, share.of);
}

std::string timer_text(const ThreadEvidence& e) {
  if (e.ticks < 3) return "";
  const double rate = per_second(e.ticks, e.watched_ns());
  return fmt::format("{}, every {}", rate < kTicksPerSecond ? "housekeeping" : "a timer that touches no socket",
                     duration(median(e.tick_period_ns)));
}

// 3 and 4: arrivals wake it; but does it also wake by itself, or spin before it sleeps?
void judge_event_driven(ThreadVerdict& v, const ThreadEvidence& e, std::uint64_t idle_ns) {
  const Share share = woke_share(e);
  const Share timed_out{e.ticks_timed_out, e.ticks_barren};
  const bool restless_ticks =
      e.ticks_timed_out >= kLeastTicks && per_second(e.ticks_timed_out, e.watched_ns()) >= kTicksPerSecond;
  if (share.lower() < kClassBound) {
    v.missing = what_is_missing(e);
    if (restless_ticks) v.missing += fmt::format("; its wait times out every {}", duration(median(e.tick_period_ns)));
    return;
  }
  v.share = share;
  v.confidence = share.lower();
  v.kind = mechanism_of(e);
  v.spin_budget_ns = median(e.spin_ns);
  const std::uint64_t turns_with_progress = e.spin_ns.count;
  if (restless_ticks) {
    v.wait = WaitClass::kHybrid;
    v.period_ns = median(e.tick_period_ns);
    v.kind += fmt::format(", and its wait times out every {}", duration(v.period_ns));
    v.evidence.push_back(fmt::format("{:.4g} wakes a second by timeouts of its wait, with nothing to do",
                                     per_second(timed_out.hits, e.watched_ns())));
  } else if (turns_with_progress && e.turns_spinning * 2 >= turns_with_progress) {
    v.wait = WaitClass::kHybrid;
    v.kind += fmt::format(", after looking again and again for {}", duration(v.spin_budget_ns));
    v.evidence.push_back(fmt::format("{} of {} turns made 8 and more calls that brought nothing before the sleep",
                                     e.turns_spinning, turns_with_progress));
  } else if (v.spin_budget_ns >= kUserSpinNs) {
    v.wait = WaitClass::kHybrid;
    v.kind += fmt::format(", after running on for {} without a call", duration(v.spin_budget_ns));
  } else if (idle_ns >= kQuietNs && e.idle.share_of_available() > kRestlessShare) {
    v.confidence = 0;
    v.kind.clear();
    v.missing = fmt::format(
        "arrivals wake it, but it ran {:.3g} % of the time while nothing arrived, and what for is "
        "not seen",
        100 * e.idle.share_of_available());
  } else {
    v.wait = WaitClass::kEventDriven;
    v.timer = timer_text(e);
    if (idle_ns < kQuietNs) v.evidence.emplace_back("what it does when nothing arrives was not seen: no quiet second");
  }
}

}  // namespace

const char* class_name(WaitClass c) {
  switch (c) {
    case WaitClass::kEventDriven: return "event_driven";
    case WaitClass::kSpin: return "spin";
    case WaitClass::kSleepPoll: return "sleep_poll";
    case WaitClass::kHybrid: return "hybrid";
    case WaitClass::kStalled: return "stalled";
    case WaitClass::kUndetermined: return "undetermined";
    case WaitClass::kNoNetwork: break;
  }
  return "no_network";
}

ThreadVerdict classify_thread(const ThreadEvidence& e, std::uint64_t idle_ns, std::uint64_t events_lost) {
  ThreadVerdict v;
  v.task = e.task;
  v.restless = e.spent.share_of_available() > 0.5;
  describe_time(v, e, idle_ns);
  if (!has_network_role(e)) {
    v.wait = WaitClass::kNoNetwork;
    if (e.spent.share_of_available() >= kSpinShare)
      v.missing = "it runs all the time and touches no socket: computing, or polling memory, can't be told apart";
    return v;
  }
  describe_arrivals(v, e);
  if (events_lost) {
    v.missing = fmt::format("{} events were lost; record with a larger --ring", events_lost);
    return v;
  }
  if (judge_spin(v, e, idle_ns) || judge_sleep_poll(v, e) || judge_stalled(v, e, idle_ns)) return v;
  judge_event_driven(v, e, idle_ns);
  return v;
}

Classification classify(const model::Evidence& evidence) {
  Classification c;
  c.watched_ns = evidence.to_ns - evidence.from_ns;
  c.events_lost = evidence.events_lost;
  for (Server& server : servers_of(evidence)) {
    ServerVerdict v = judge_architecture(server);
    for (const ThreadEvidence* e : server.threads) {
      const auto idle = evidence.idle_ns.find(e->task.pid);
      v.threads.push_back(classify_thread(*e, idle == evidence.idle_ns.end() ? 0 : idle->second, evidence.events_lost));
    }
    sum_up_threads(v);
    c.servers.push_back(std::move(v));
  }
  return c;
}

}  // namespace wp::judge
