// SPDX-License-Identifier: GPL-2.0-or-later
// A cursor runs from the path's first instant to its last; every step of it is somebody's. Up to `queued` the stages
// say whose; from there on what the reader did: it was off its CPU (its gaps say why) or on it (its marks say at what).
#include "userspace/reconstruct/blame.hpp"

#include <algorithm>
#include <optional>

#include "userspace/base/check.hpp"

namespace wp::reconstruct {

using model::Cause;
using model::Doing;
using model::Reason;
using model::Seen;
using model::Stage;

namespace {

constexpr std::uint32_t kUninterruptible = 2, kStopped = 4 | 8;  // __TASK_STOPPED, __TASK_TRACED

// What the reader knew of the data in a stretch of time.
enum class Phase : std::uint8_t {
  kUntold,   ///< its wait has not returned since the data came
  kTold,     ///< between that return and the read
  kReading,  ///< in the read, until the data was copied
  kLeaving,
};

bool in_order(const model::Path& path) {
  std::uint64_t latest = 0;
  for (const Stage stage : model::stage_order(path)) {
    const model::StagePoint& point = path.at(stage);
    if (point.has_time() && point.ts_ns < latest) return false;
    if (point.has_time()) latest = point.ts_ns;
    if (stage == Stage::kDone) break;
  }
  return true;
}

// Whose the time up to one of the stages before `queued` is.
class Way {
 public:
  explicit Way(const model::Path& path)
      : path_(path),
        deferred_(path.arrival.softirq_how == "ksoftirqd" || path.arrival.deferred),
        handed_over_(model::stage_order(path)[2] == Stage::kDriver) {}

  [[nodiscard]] Cause cause_up_to(Stage stage) const {
    switch (stage) {
      case Stage::kRaise: return !handed_over_ ? Cause::kInterrupt : deferred_ ? Cause::kKsoftirqd : Cause::kSoftirq;
      case Stage::kSoftirq: return deferred_ ? Cause::kKsoftirqd : handed_over_ ? Cause::kSoftirq : Cause::kInterrupt;
      case Stage::kStack:
        // The softirq ran before the packet was handed over: then this is the wait in the CPU's backlog.
        return deferred_ && handed_over_ && !path_.at(Stage::kSoftirq).has_time() ? Cause::kKsoftirqd : Cause::kSoftirq;
      case Stage::kProtocol: return path_.arrival.backlog ? Cause::kSocketLock : Cause::kProtocol;
      case Stage::kQueued:
        return path_.arrival.backlog && !path_.at(Stage::kProtocol).has_time() ? Cause::kSocketLock : Cause::kProtocol;
      default: return Cause::kSoftirq;
    }
  }

 private:
  const model::Path& path_;
  const bool deferred_;
  const bool handed_over_;  // by a virtual device
};

class Blamer {
 public:
  Blamer(const model::Path& path, const BlameFacts& facts, Ledger& ledger)
      : path_(path), facts_(facts), ledger_(ledger) {}

  void run() {
    const std::uint64_t begin = arrive();
    const std::uint64_t at = wait_for_accept(begin);
    read_by_phases(at);
  }

 private:
  // The stages up to `queued`; returns the last of them, or the first stage of all where none of them has a time.
  std::uint64_t arrive() {
    const Way way(path_);
    std::uint64_t at = 0;
    for (const Stage stage : model::stage_order(path_)) {
      const model::StagePoint& point = path_.at(stage);
      if (!point.has_time()) continue;
      if (at && stage > Stage::kQueued) break;
      if (at) {
        Suspect who;
        who.cpu = point.cpu;
        const Cause cause = way.cause_up_to(stage);
        if (cause == Cause::kSocketLock) who.task.tid = path_.arrival.sender_tid;
        ledger_.add(cause, at, point.ts_ns, who);
      }
      at = point.ts_ns;
      if (stage >= Stage::kQueued) break;
    }
    return at;
  }

  std::uint64_t wait_for_accept(std::uint64_t from) {
    if (!path_.at(Stage::kQueued).has_time() || facts_.accepted_ns <= from) return from;
    const std::uint64_t until = std::min(facts_.accepted_ns, path_.at(Stage::kDone).ts_ns);
    Suspect who;
    if (facts_.acceptor) who = longest_of(*facts_.acceptor, from, until);
    ledger_.add(Cause::kAcceptQueue, from, until, who);
    return until;
  }

  // What a task did most in an interval: it slept, shown by its longest sleep there, or ran.
  static Suspect longest_of(const TaskState& task, std::uint64_t from, std::uint64_t to) {
    Suspect who = suspect_of(task);
    std::uint64_t longest = 0, asleep = 0;
    for (auto gap = task.gaps.rbegin(); gap != task.gaps.rend() && gap->on_ns > from; ++gap) {
      const std::uint64_t end = std::min(gap->waking_ns ? gap->waking_ns : gap->on_ns, to);
      const std::uint64_t begin = std::max(gap->off_ns, from);
      if (!gap->slept() || end <= begin) continue;
      asleep += end - begin;
      if (end - begin <= longest) continue;
      longest = end - begin;
      who.asleep = &*gap;
    }
    if (asleep * 2 < to - from) who.asleep = nullptr;
    who.doing = who.asleep ? doing_in(*who.asleep) : Doing::kRunning;
    return who;
  }

  void read_by_phases(std::uint64_t at) {
    const auto upto = [&](Stage stage, Phase phase) {
      const model::StagePoint& point = path_.at(stage);
      if (!point.has_time() || point.ts_ns <= at) return;
      walk(at, point.ts_ns, phase);
      at = point.ts_ns;
    };
    const bool waited = path_.at(Stage::kReturned).has_time(), begun = path_.at(Stage::kRead).has_time();
    if (waited) upto(Stage::kReturned, Phase::kUntold);
    if (begun) upto(Stage::kRead, waited ? Phase::kTold : Phase::kUntold);
    upto(Stage::kCopied, Phase::kReading);
    // Where entries are not recorded the read is shown at its copy: then this is the rest of the call.
    const model::StagePoint& copied = path_.at(Stage::kCopied);
    const bool is_copied = copied.has_time() || copied.why == Reason::kNotAtThisDetail;
    upto(Stage::kDone, is_light_ ? Phase::kUntold : is_copied ? Phase::kLeaving : Phase::kReading);
  }

  // One phase, cut at the times the reader was off its CPU.
  void walk(std::uint64_t from, std::uint64_t to, Phase phase) {
    const auto& gaps = facts_.reader.gaps;
    if (facts_.reader.gaps_dropped && !facts_.reader.remembers(from)) {
      const std::uint64_t known = gaps.empty() ? to : std::min(gaps.front().on_ns, to);
      ledger_.add_unknown(from, known, Reason::kHistoryTooShort);
      from = known;
    }
    auto gap = gaps.end();
    while (gap != gaps.begin() && std::prev(gap)->on_ns > from) --gap;
    for (; gap != gaps.end() && from < to; ++gap) {
      const bool since_unknown = !gap->off_ns && !gap->asleep_at_start();
      const std::uint64_t off = since_unknown ? from : gap->off_ns;
      if (off >= to) break;
      if (off > from) on_cpu(from, off, phase);
      const std::uint64_t begin = std::max(from, off), end = std::min(to, gap->on_ns);
      if (begin < end && since_unknown)
        ledger_.add_unknown(begin, end, Reason::kBeforeRecording);
      else if (begin < end)
        off_cpu(*gap, begin, end, phase);
      from = std::max(from, end);
    }
    on_cpu(from, to, phase);
  }

  void off_cpu(const Gap& gap, std::uint64_t from, std::uint64_t to, Phase phase) {
    if (!gap.slept()) {
      if (gap.on_unseen) return ledger_.add_unknown(from, to, Reason::kSwitchNotSeen);
      return waiting(gap, gap.off_ns, from, to);
    }
    if (!gap.waking_ns)
      return ledger_.add_unknown(from, to, gap.on_unseen ? Reason::kSwitchNotSeen : Reason::kWakeNotSeen);
    const auto within = [=](std::uint64_t ns) { return std::clamp(ns, from, to); };
    const std::uint64_t woken = within(gap.waking_ns);
    const std::uint64_t runnable = std::max(woken, within(gap.runnable_ns));
    asleep(gap, from, woken, phase);
    const bool by_idle = gap.prev_tid == 0 && gap.wake_cpu != gap.on_cpu && !gap.on_unseen;
    Suspect who;
    who.cpu = static_cast<std::int32_t>(gap.on_cpu);
    ledger_.add(by_idle ? Cause::kIdleWake : Cause::kWake, woken, runnable, who);
    if (gap.on_unseen) return ledger_.add_unknown(runnable, to, Reason::kSwitchNotSeen);
    waiting(gap, gap.runnable_ns ? gap.runnable_ns : gap.waking_ns, runnable, to);
  }

  void asleep(const Gap& gap, std::uint64_t from, std::uint64_t to, Phase phase) {
    if (from >= to) return;
    const model::Wake& wake = path_.wake;
    const bool for_this = path_.delivery_id ? gap.woken_by == path_.delivery_id : wake.needed;
    if (for_this && wake.needed && phase != Phase::kTold) return ledger_.add(Cause::kWake, from, to);
    Suspect who = reader_;
    who.asleep = &gap;
    who.doing = doing_in(gap);
    if (gap.off_state & kStopped) return ledger_.add(Cause::kStopped, from, to, who);
    if (phase == Phase::kUntold && wake.certainty == Seen::kUnknown) return ledger_.add_unknown(from, to, wake.why);
    if (hides_work_ && wake.why != Reason::kHandedOver) return ledger_.add_unknown(from, to, Reason::kNotAtThisDetail);
    if (phase == Phase::kUntold && wake.why == Reason::kHandedOver) {
      who.task = wake.woken;
      who.asleep = nullptr;
      who.doing = Doing::kUnknown;
      who.comm = {};
      if (const TaskState* task = facts_.tasks.find(wake.woken)) who.comm = task->task.comm;
      return ledger_.add(Cause::kHandover, from, to, who);
    }
    const Mark* mark = phase == Phase::kReading ? nullptr : mark_at(from);
    if (!mark || mark->work != Mark::Work::kServing) return ledger_.add(Cause::kBlocked, from, to, who);
    who.cookie = mark->cookie;
    ledger_.add(Cause::kBusy, from, to, who, Reason::kLastRead);
  }

  // Runnable and not running since `since`; the part [from, to) of that wait.
  void waiting(const Gap& gap, std::uint64_t since, std::uint64_t from, std::uint64_t to) {
    if (from >= to) return;
    if (gap.runnable_cpu && gap.runnable_cpu != gap.on_cpu + 1) return moved(gap, from, to);
    const auto occupants = facts_.cpus.occupants(gap.on_cpu, since, gap.on_ns, gap.all_switches_seen);
    for (const Occupancy& one : occupants) {
      const std::uint64_t begin = std::max(from, one.from_ns), end = std::min(to, one.to_ns);
      if (begin >= end) continue;
      ledger_.add(one.tid ? Cause::kRunQueue : Cause::kIdleWake, begin, end, suspect_of(one, gap.on_cpu),
                  one.only_one_seen ? Reason::kRanLast : Reason::kNone);
    }
    if (occupants.empty()) ledger_.add(Cause::kRunQueue, from, to);
  }

  // It waited for another CPU than the one it came to run on: when it moved is not known.
  void moved(const Gap& gap, std::uint64_t from, std::uint64_t to) {
    Suspect who;
    who.cpu = gap.runnable_cpu - 1;
    std::uint64_t longest = 0;
    for (const Occupancy& one : facts_.cpus.seen_between(gap.runnable_cpu - 1U, from, to)) {
      if (!one.tid || one.to_ns - one.from_ns <= longest) continue;
      longest = one.to_ns - one.from_ns;
      who = suspect_of(one, gap.runnable_cpu - 1U);
    }
    ledger_.add(Cause::kMigration, from, to, who);
  }

  // The CPU it ran on at that time, by its last switch before.
  std::optional<std::uint32_t> cpu_at(std::uint64_t ns) const {
    const auto& gaps = facts_.reader.gaps;
    const auto after =
        std::upper_bound(gaps.begin(), gaps.end(), ns, [](std::uint64_t at, const Gap& gap) { return at < gap.on_ns; });
    if (after == gaps.begin()) return std::nullopt;
    return std::prev(after)->on_cpu;
  }

  // It had its CPU; interrupts and softirqs may have run over it.
  void on_cpu(std::uint64_t from, std::uint64_t to, Phase phase) {
    if (from >= to) return;
    if (!facts_.cpus.has_interruptions()) return running(from, to, phase);
    if (const auto cpu = cpu_at(from)) {
      for (const Interruption& one : facts_.cpus.interruptions(*cpu, facts_.reader.task.id.tid, from, to)) {
        running(from, one.from_ns, phase);
        Suspect who;
        who.cpu = static_cast<std::int32_t>(*cpu);
        ledger_.add(Cause::kInterrupted, one.from_ns, one.to_ns, who);
        from = one.to_ns;
      }
    }
    running(from, to, phase);
  }

  void running(std::uint64_t from, std::uint64_t to, Phase phase) {
    if (from >= to) return;
    if (phase == Phase::kReading) return ledger_.add(Cause::kCopy, from, to);
    if (phase == Phase::kLeaving) return ledger_.add(Cause::kSyscall, from, to);
    if (path_.wake.certainty == Seen::kUnknown && phase == Phase::kUntold && path_.delivery_id)
      return ledger_.add_unknown(from, to, path_.wake.why);
    if (hides_work_) return ledger_.add_unknown(from, to, Reason::kNotAtThisDetail);
    const auto& marks = facts_.reader.marks;
    auto next = mark_after(from);
    const Cause others = phase == Phase::kTold ? Cause::kLoopOrder : Cause::kBusy;
    while (from < to) {
      std::uint64_t until = next == marks.end() ? to : std::min(to, next->at_ns);
      const Mark* now = next == marks.begin() ? nullptr : &*std::prev(next);
      if (now && now->cookie) {
        std::uint64_t longest = until - from;
        // the request and its reply are one service
        for (; until < to && next->cookie == now->cookie && next->work == Mark::Work::kReplied;) {
          const std::uint64_t begin = until;
          until = ++next == marks.end() ? to : std::min(to, next->at_ns);
          longest = std::max(longest, until - begin);
        }
        at_work_.cookie = now->cookie;
        if (from < until) ledger_.add_of(others, from, until, longest, at_work_, Reason::kLastRead);
      } else {
        between_services(now, next == marks.end() ? nullptr : &*next, from, until, phase);
      }
      from = until;
      if (next != marks.end()) ++next;
    }
  }

  // On its CPU, between two marks of which the first is of no request.
  void between_services(const Mark* now, const Mark* next, std::uint64_t from, std::uint64_t to, Phase phase) {
    if (!now && facts_.reader.marks_dropped) return ledger_.add_unknown(from, to, Reason::kHistoryTooShort);
    Suspect& who = at_work_;
    who.cookie = 0;
    const Cause others = phase == Phase::kTold ? Cause::kLoopOrder : Cause::kBusy;
    const auto work = now ? now->work : Mark::Work::kNothing;
    if (work == Mark::Work::kWaiting) return ledger_.add(Cause::kSyscall, from, to);
    const bool leads_to_read = next && next->work == Mark::Work::kServing;
    const bool leads_to_this = leads_to_read && next->at_ns == path_.at(Stage::kRead).ts_ns;
    if (leads_to_this) return ledger_.add(Cause::kDispatch, from, to);
    if (leads_to_read) {
      who.cookie = next->cookie;
      return ledger_.add(others, from, to, who, Reason::kLastRead);
    }
    ledger_.add(phase == Phase::kTold ? Cause::kLoopOrder : Cause::kOwnWork, from, to, who);
  }

  // The first mark behind an instant; the cursor only goes forward, so from the second on it is near.
  Ring<Mark>::const_iterator mark_after(std::uint64_t ns) {
    const auto& marks = facts_.reader.marks;
    if (!next_mark_) {
      auto from = marks.end();  // it is nearer to the end, the more so the more marks there are
      for (std::ptrdiff_t step = 32; from != marks.begin() && std::prev(from)->at_ns > ns; step *= 2)
        from -= std::min(step, from - marks.begin());
      next_mark_ =
          std::upper_bound(from, marks.end(), ns, [](std::uint64_t at, const Mark& mark) { return at < mark.at_ns; });
    }
    while (*next_mark_ != marks.end() && (*next_mark_)->at_ns <= ns) ++*next_mark_;
    return *next_mark_;
  }

  const Mark* mark_at(std::uint64_t ns) {
    const auto next = mark_after(ns);
    return next == facts_.reader.marks.begin() ? nullptr : &*std::prev(next);
  }

  static Doing doing_in(const Gap& gap) {
    if (gap.off_state & kStopped) return Doing::kStopped;
    return gap.off_state & kUninterruptible ? Doing::kUninterruptible : Doing::kAsleep;
  }

  static Suspect suspect_of(const TaskState& task) {
    Suspect who;
    who.task = task.task.id;
    who.comm = task.task.comm;
    return who;
  }
  static Suspect running_suspect(Suspect who) {
    who.doing = Doing::kRunning;
    return who;
  }
  static Suspect suspect_of(const Occupancy& one, std::uint32_t cpu) {
    Suspect who;
    who.task.tid = one.tid;
    who.comm = name_of(one.comm);
    who.doing = one.tid ? Doing::kRunning : Doing::kUnknown;
    who.cpu = static_cast<std::int32_t>(cpu);
    return who;
  }

  const model::Path& path_;
  const BlameFacts& facts_;
  const bool is_light_ = path_.at(Stage::kDone).why == Reason::kDoneWhenCopied;
  const bool hides_work_ = is_light_ || facts_.is_sampled;  // what the reader was at, calls that were not recorded tell
  const Suspect reader_ = suspect_of(facts_.reader);
  Suspect at_work_ = running_suspect(reader_);
  Ledger& ledger_;
  std::optional<Ring<Mark>::const_iterator> next_mark_;
};

}  // namespace

void assign_blame(model::Path& path, const BlameFacts& facts, Ledger& ledger) {
  path.blame.clear();
  const auto total = model::total_ns(path);
  if (!total) return;
  ledger.clear();
  const std::uint64_t done = path.at(Stage::kDone).ts_ns;
  if (in_order(path))
    Blamer(path, facts, ledger).run();
  else
    ledger.add_unknown(done - *total, done, Reason::kStagesContradict);
  ledger.close(facts.sockets, facts.names, path.blame);
  std::uint64_t sum = 0;
  for (const model::BlameShare& share : path.blame) sum += share.ns;
  WP_CHECK(sum == *total);
}

void blame_after_loss(model::Blame& blame, Reason why) {
  model::BlameShare unknown;
  unknown.certainty = Seen::kUnknown;
  unknown.why = why;
  std::erase_if(blame, [&unknown](const model::BlameShare& share) {
    switch (share.cause) {
      case Cause::kUnknown:
        if (share.why != unknown.why) return false;
        break;
      case Cause::kBusy:
      case Cause::kOwnWork:
      case Cause::kBlocked:
      case Cause::kHandover:
      case Cause::kLoopOrder:
      case Cause::kDispatch: break;
      default: return false;
    }
    unknown.ns += share.ns;
    unknown.parts += share.parts;
    return true;
  });
  if (!unknown.ns) return;
  blame.push_back(unknown);
  std::stable_sort(blame.begin(), blame.end(), [](const auto& a, const auto& b) { return a.ns > b.ns; });
}

}  // namespace wp::reconstruct
