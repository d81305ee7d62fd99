// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "userspace/judge/claim.hpp"

namespace wp::judge {

namespace {

using model::ThreadEvidence;

constexpr double kZ = 1.6449;  // one-sided 95 %
constexpr std::uint64_t kLeastWatchedNs = 3'000'000'000;
constexpr std::uint64_t kLeftNs = 1'000'000'000;  // a zombie for so long is not waiting for its turn, but forgotten
constexpr std::uint64_t kLeastForNever = 299;     // no miss in so many: at most 1 % of all, with 95 % confidence

bool holds(Comparison c, double number, double threshold) {
  switch (c) {
    case Comparison::kLess: return number < threshold;
    case Comparison::kAtMost: return number <= threshold;
    case Comparison::kMore: return number > threshold;
    case Comparison::kAtLeast: return number >= threshold;
    case Comparison::kEqual: break;
  }
  return number == threshold;
}

// Confirmed where all of the interval fits, refuted where none of it does.
void decide(ClaimResult& r) {
  const Claim& c = r.claim;
  if (c.comparison == Comparison::kEqual) {
    r.verdict = holds(c.comparison, *r.number, c.threshold) ? Verdict::kConfirmed : Verdict::kRefuted;
    return;
  }
  const bool low = holds(c.comparison, *r.lower, c.threshold), high = holds(c.comparison, *r.upper, c.threshold);
  r.verdict = low && high ? Verdict::kConfirmed : low || high ? Verdict::kUndecided : Verdict::kRefuted;
  if (r.verdict == Verdict::kUndecided) r.why = "the threshold lies inside the interval: more requests would decide";
}

void undecided(ClaimResult& r, std::string why, Verdict verdict = Verdict::kUndecided) {
  r.verdict = verdict;
  r.why = std::move(why);
}

void exactly(ClaimResult& r, double number, std::string unit) {
  r.number = r.lower = r.upper = number;
  r.unit = std::move(unit);
  decide(r);
}

// A number of events that come one by one: Poisson, by its score interval.
void rate(ClaimResult& r, std::uint64_t count, double per, std::string unit) {
  const auto k = static_cast<double>(count);
  const double middle = k + kZ * kZ / 2, half = kZ * std::sqrt(k + kZ * kZ / 4);
  r.number = k / per;
  r.lower = count ? std::max(0.0, middle - half) / per : 0;
  r.upper = (middle + half) / per;
  r.unit = std::move(unit);
  decide(r);
}

// P(X <= k), X binomial with n and p, for large n: by the normal law, with continuity correction.
std::uint64_t order_index(std::uint64_t n, double p, double z) {
  const auto size = static_cast<double>(n);
  const double at = size * p + z * std::sqrt(size * p * (1 - p)) + (z > 0 ? 0.5 : -0.5);
  return static_cast<std::uint64_t>(std::clamp(std::floor(at), 0.0, size - 1));
}

// Distribution-free: the bounds are samples of its own, by their rank.
void percentile(ClaimResult& r, std::vector<std::uint64_t>& samples) {
  r.n = samples.size();
  r.unit = "ns";
  const double p = r.claim.percentile / 100;
  if (p >= 1) {
    if (samples.empty()) return undecided(r, "no request has both stages");
    const auto most = *std::max_element(samples.begin(), samples.end());
    r.number = r.lower = r.upper = static_cast<double>(most);
    return decide(r);
  }
  const double tail = static_cast<double>(r.n) * std::min(p, 1 - p);
  if (tail < 3)
    return undecided(r, fmt::format("{} requests have both stages; p{:g} wants at least {}", r.n, r.claim.percentile,
                                    static_cast<std::uint64_t>(std::ceil(3 / std::min(p, 1 - p)))));
  std::sort(samples.begin(), samples.end());
  r.number = static_cast<double>(samples[order_index(r.n, p, 0)]);
  r.lower = static_cast<double>(samples[order_index(r.n, p, -kZ)]);
  r.upper = static_cast<double>(samples[order_index(r.n, p, kZ)]);
  decide(r);
}

const ThreadVerdict* worst_thread(const ServerVerdict& s) {
  const auto found = std::find_if(s.threads.begin(), s.threads.end(), [&](const auto& t) { return t.wait == s.wait; });
  return found == s.threads.end() ? nullptr : &*found;
}

std::string naming(const ServerVerdict& s) {
  const ThreadVerdict* t = worst_thread(s);
  if (!t) return fmt::format("pid {}: nothing is known", s.pid);
  std::string text = fmt::format("pid {}, thread {}: {}", s.pid, t->task.id.tid, class_name(t->wait));
  if (!t->kind.empty()) text += ", " + t->kind;
  if (!t->missing.empty()) text += ": " + t->missing;
  if (t->wait != WaitClass::kEventDriven && t->missing.empty() && !t->evidence.empty())
    text += "; " + t->evidence.back();
  return text;
}

Verdict verdict_of(const ServerVerdict& s, bool polling_only) {
  switch (s.wait) {
    case WaitClass::kEventDriven: return Verdict::kConfirmed;
    case WaitClass::kSpin:
    case WaitClass::kSleepPoll:
    case WaitClass::kHybrid: return Verdict::kRefuted;
    case WaitClass::kStalled: return polling_only ? Verdict::kConfirmed : Verdict::kRefuted;
    case WaitClass::kUndetermined:
    case WaitClass::kNoNetwork: break;
  }
  return Verdict::kUndecided;
}

// Every server recorded must be it; one that is not outweighs one of which nothing is known.
void by_class(ClaimResult& r, const Classification& c, bool polling_only) {
  if (c.servers.empty()) return undecided(r, "no task was recorded");
  r.verdict = Verdict::kConfirmed;
  for (const ServerVerdict& s : c.servers) {
    const Verdict one = verdict_of(s, polling_only);
    if (one == Verdict::kConfirmed && r.verdict == Verdict::kConfirmed) {
      r.why = naming(s);
      if (const ThreadVerdict* t = worst_thread(s); t && t->share.of) {
        r.number = t->share.value();
        r.lower = t->share.lower();
        r.upper = t->share.upper();
        r.n = t->share.of;
        r.unit = "share";
      }
    }
    if (one == Verdict::kConfirmed || r.verdict == Verdict::kRefuted) continue;
    r.verdict = one;
    r.number = r.lower = r.upper = std::nullopt;
    r.n = 0;
    r.unit.clear();
    r.why = naming(s);
  }
}

template <typename F>
std::uint64_t sum(const model::Evidence& e, F of) {
  std::uint64_t all = 0;
  for (const auto& [id, thread] : e.threads) all += of(thread);
  return all;
}

void never(ClaimResult& r, std::uint64_t misses, std::uint64_t of, const char* what) {
  const Share share{misses, of};
  r.n = of;
  r.number = share.value();
  r.lower = share.lower();
  r.upper = share.upper();
  r.unit = "share";
  r.why = fmt::format("{} of {} {}", misses, of, what);
  if (misses) {
    r.verdict = Verdict::kRefuted;
  } else if (of >= kLeastForNever) {
    r.verdict = Verdict::kConfirmed;
  } else {
    undecided(r, fmt::format("none of {} {}, but it takes {} to say so", of, what, kLeastForNever));
  }
}

/// What became of one process that ended, as far as the recording tells. ns.
struct Zombie {
  std::uint64_t lasted_ns = 0;
  bool is_over = false;  ///< reaped, or its parent ended and init has it; else it still was one at the end
};

// Of a child whose parent nobody watched no reaping could be seen: it says nothing.
std::optional<Zombie> zombie_of(const model::Process& p, const ClaimInput& in) {
  if (!p.ended_ns || !p.ppid) return std::nullopt;
  if (p.freed_at_once) return Zombie{0, true};
  if (p.reaped_ns) return Zombie{p.reaped_ns - p.ended_ns, true};
  const auto is_parent = [&p](const auto& thread) { return thread.second.task.pid == p.ppid; };
  if (std::none_of(in.evidence.threads.begin(), in.evidence.threads.end(), is_parent)) return std::nullopt;
  for (const model::Process& parent : in.summary.activity.processes)
    if (parent.pid == p.ppid && parent.ended_ns > p.ended_ns) return Zombie{parent.ended_ns - p.ended_ns, true};
  return Zombie{in.evidence.to_ns > p.ended_ns ? in.evidence.to_ns - p.ended_ns : 0, false};
}

// Every dead child is a zombie until its parent asks; one that nobody asks for within a second is left to be one.
void no_zombies(ClaimResult& r, const ClaimInput& in) {
  std::uint64_t judged = 0, left = 0, pending = 0, longest_ns = 0;
  std::uint32_t longest = 0;
  for (const model::Process& p : in.summary.activity.processes) {
    const auto zombie = zombie_of(p, in);
    if (!zombie) continue;
    const bool is_left = zombie->lasted_ns >= kLeftNs;
    if (!is_left && !zombie->is_over) {
      ++pending;
      continue;
    }
    ++judged;
    left += is_left;
    if (zombie->lasted_ns <= longest_ns) continue;
    longest_ns = zombie->lasted_ns;
    longest = p.pid;
  }
  if (!judged && !pending) {
    if (!in.summary.activity.processes_forked)
      return undecided(r, "no watched process forked, and none that was forked before ended", Verdict::kNotApplicable);
    return undecided(r, "no child of a watched process ended");
  }
  if (!judged) return undecided(r, fmt::format("{} children ended in the last second, too late to tell", pending));
  never(r, left, judged, "children that ended were zombies for a second and longer");
  if (left) r.why += fmt::format("; pid {} for {:.3g} s", longest, static_cast<double>(longest_ns) / 1e9);
}

// The busiest process, over the stretches in which nothing arrived for it.
void idle_cpu(ClaimResult& r, const model::Evidence& e) {
  std::optional<double> most;
  for (const auto& [pid, idle_ns] : e.idle_ns) {
    if (idle_ns < kLeastWatchedNs) continue;
    std::uint64_t run_ns = 0;
    for (const auto& [id, t] : e.threads)
      if (t.task.pid == pid) run_ns += t.idle.run_ns;
    const double share = static_cast<double>(run_ns) / static_cast<double>(idle_ns);
    if (!most || share > *most) {
      most = share;
      r.n = idle_ns / 1'000'000'000;
    }
  }
  if (!most) return undecided(r, "no process had 3 s without arrivals");
  exactly(r, *most, "share");
}

void by_word(ClaimResult& r, const ClaimInput& in) {
  const std::string& word = r.claim.quantity;
  const model::Evidence& e = in.evidence;
  const double watched_s = static_cast<double>(e.to_ns - e.from_ns) / 1e9;
  const std::uint64_t reads = in.summary.reads;
  if (word == "idle_cpu") return idle_cpu(r, e);
  if (word == "events_lost") return exactly(r, static_cast<double>(in.summary.events_lost), "");
  if (word == "requests") return exactly(r, static_cast<double>(reads), "");
  if (word == "drops") return exactly(r, static_cast<double>(in.summary.drops), "");
  if (word == "complete_share") {
    const Share share{in.summary.complete, in.summary.paths};
    if (!share.of) return undecided(r, "no request was seen");
    r.n = share.of;
    r.number = share.value();
    r.lower = share.lower();
    r.upper = share.upper();
    r.unit = "share";
    return decide(r);
  }
  if (word == "wakes_per_request" || word == "waits_per_request") {
    if (reads < 30) return undecided(r, fmt::format("{} requests were read; it takes 30", reads));
    r.n = reads;
    return rate(r, word[1] == 'a' && word[2] == 'k' ? in.summary.wakes : in.summary.waits, static_cast<double>(reads),
                "per_request");
  }
  if (watched_s < 3) return undecided(r, fmt::format("watched for {:.3g} s; a rate wants 3 s", watched_s));
  r.n = static_cast<std::uint64_t>(watched_s);
  if (word == "empty_polls_per_second")
    return rate(r, sum(e, [](const ThreadEvidence& t) { return t.empty_waits + t.empty_reads; }), watched_s,
                "per_second");
  rate(r, sum(e, [](const ThreadEvidence& t) { return t.ticks_barren; }), watched_s, "per_second");
}

void by_name(ClaimResult& r, const ClaimInput& in) {
  const std::string& name = r.claim.quantity;
  if (name == "event-driven") return by_class(r, in.classification, false);
  if (name == "no-polling") return by_class(r, in.classification, true);
  if (name == "no-spurious-wakes")
    return never(r, sum(in.evidence, [](const ThreadEvidence& t) { return t.socket_turns_empty; }),
                 sum(in.evidence, [](const ThreadEvidence& t) { return t.socket_turns; }),
                 "wakes by data or connections found nothing");
  if (name == "no-herd")
    return never(r, in.evidence.herds, in.evidence.waking_deliveries, "deliveries that woke anybody woke several");
  no_zombies(r, in);
}

}  // namespace

const char* verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kConfirmed: return "confirmed";
    case Verdict::kRefuted: return "refuted";
    case Verdict::kUndecided: return "undecided";
    case Verdict::kNotApplicable: break;
  }
  return "not_applicable";
}

ClaimChecker::ClaimChecker(std::vector<Claim> claims) {
  for (Claim& claim : claims) pending_.push_back({std::move(claim), {}, 0});
}

void ClaimChecker::on_path(const model::Path& path) {
  for (Pending& p : pending_) {
    if (p.claim.quantity != "p") continue;
    const model::StagePoint &from = path.at(p.claim.from), &to = path.at(p.claim.to);
    if (from.has_time() && to.has_time() && to.ts_ns >= from.ts_ns)
      p.durations_ns.push_back(to.ts_ns - from.ts_ns);
    else
      ++p.without;
  }
}

std::vector<ClaimResult> ClaimChecker::judge(const ClaimInput& input) {
  std::vector<ClaimResult> results;
  for (Pending& p : pending_) {
    ClaimResult r;
    r.claim = p.claim;
    if (input.summary.events_lost && r.claim.quantity != "events_lost")
      undecided(r, fmt::format("{} events were lost; record with a larger --ring", input.summary.events_lost));
    else if (r.claim.named)
      by_name(r, input);
    else if (r.claim.quantity == "p")
      percentile(r, p.durations_ns);
    else
      by_word(r, input);
    results.push_back(std::move(r));
  }
  return results;
}

}  // namespace wp::judge
