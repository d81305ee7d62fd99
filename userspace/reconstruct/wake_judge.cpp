// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/reconstruct/wake_judge.hpp"

#include <algorithm>

#include "userspace/reconstruct/names.hpp"

namespace wp::reconstruct {

using model::Reason;
using model::Seen;
using model::Stage;
using model::StagePoint;

namespace {

model::WitnessEntry entry(std::uint64_t func, std::uint32_t mech, std::uint32_t flags, std::uint32_t tid,
                          std::uint64_t start_ns, std::int32_t fd, const NameTable& names) {
  model::WitnessEntry e;
  e.func = names.symbol(func);
  e.mechanism = static_cast<model::Mechanism>(mech);
  e.fd = fd;
  e.task = {tid, start_ns};
  e.exclusive = flags & WP_WITNESS_EXCLUSIVE;
  e.waiting = flags & WP_WITNESS_WAITING;
  return e;
}

const model::WitnessEntry* entry_leading_to(const model::Path& path, model::TaskId task) {
  const auto it = std::find_if(path.witness.begin(), path.witness.end(), [&](const auto& e) { return e.task == task; });
  return it == path.witness.end() ? nullptr : &*it;
}

void set_all(model::Path& path, StagePoint point) {
  for (const Stage stage : {Stage::kWaking, Stage::kRunnable, Stage::kRunning}) path.at(stage) = point;
}

StagePoint at(std::uint64_t ns, std::uint32_t cpu) {
  return ns ? StagePoint{Seen::kObserved, Reason::kNone, ns, static_cast<std::int32_t>(cpu)}
            : StagePoint{Seen::kUnknown, Reason::kHookMissing, 0, -1};
}

StagePoint running(const Gap& gap) {
  StagePoint point = at(gap.on_ns, gap.on_cpu);
  if (gap.on_unseen) point = {Seen::kInferred, Reason::kSwitchNotSeen, point.ts_ns, point.cpu};
  return point;
}

void describe_waker(model::Path& path, const Gap& gap) {
  model::Wake& wake = path.wake;
  if (gap.waking_ns) {
    wake.level = gap.wake_level;
    wake.waker_tid = gap.waker_tid;
    if (gap.waker_tid) wake.waker_comm = name_of(gap.waker_comm);
  }
  wake.prev_tid = gap.prev_tid;
  wake.prev_comm = name_of(gap.prev_comm);
}

void not_needed(model::Path& path, Reason why) {
  path.wake.needed = false;
  path.wake.certainty = Seen::kObserved;
  path.wake.why = why;
  set_all(path, {Seen::kNotNeeded, why, 0, -1});
}

// Asleep, and the delivery's own context woke it.
void woken_for_it(model::Path& path, const Gap& gap, model::TaskId woken) {
  describe_waker(path, gap);
  const bool named = entry_leading_to(path, woken) != nullptr;
  path.wake.needed = true;
  path.wake.woken = woken;
  path.wake.certainty = named ? Seen::kObserved : Seen::kInferred;
  path.wake.why = named ? Reason::kNone : Reason::kWakeWithoutWitness;
  path.at(Stage::kWaking) = at(gap.waking_ns, gap.wake_cpu);
  if (!named) {
    path.at(Stage::kWaking).seen = Seen::kInferred;
    path.at(Stage::kWaking).why = Reason::kWakeWithoutWitness;
  }
  path.at(Stage::kRunnable) = gap.runnable_ns ? at(gap.runnable_ns, gap.on_cpu)
                                              : StagePoint{Seen::kNotApplicable, Reason::kNotAtThisDetail, 0, -1};
  path.at(Stage::kRunning) = running(gap);
}

// Off its CPU for another reason: nothing had to be done to it for this delivery but to let it run.
void runs_anyway(model::Path& path, const Gap& gap, Reason why) {
  not_needed(path, why);
  describe_waker(path, gap);
  path.at(Stage::kRunning) = running(gap);
}

void unknown_wake(model::Path& path, Reason why) {
  path.wake.needed = false;
  path.wake.certainty = Seen::kUnknown;
  path.wake.why = why;
  set_all(path, {Seen::kUnknown, why, 0, -1});
}

// The data had come when its wake was already made.
Reason earlier_wake(const Gap& gap, std::uint64_t cookie) {
  if (!gap.woken_by || !gap.woken_by_cookie) return Reason::kAlreadyRunnable;
  return gap.woken_by_cookie == cookie ? Reason::kWokenByEarlierData : Reason::kWokenByOtherSocket;
}

// It slept when the wait queue was looked at, but another CPU woke it before this one came to that. Of two who wake a
// task at once the kernel lets one succeed, and the other one's wake is none.
bool was_overtaken(const Delivery& delivery, const Gap& gap, const TaskTracker& tasks) {
  return gap.wake_cpu != delivery.record.h.cpu && tasks.may_be_open(delivery.id(), gap.waking_ns);
}

void judge_off_cpu(model::Path& path, const Delivery& delivery, const Gap& gap, const TaskTracker& tasks,
                   Reason contradiction, bool loss_before) {
  const std::uint64_t ready = delivery.record.h.ts_ns;
  if (!gap.slept()) return runs_anyway(path, gap, Reason::kAlreadyRunnable);
  if (!gap.waking_ns) {
    unknown_wake(path, loss_before ? Reason::kLost : Reason::kWakeNotSeen);
    path.at(Stage::kRunning) = running(gap);
    return;
  }
  if (gap.waking_ns <= std::max<std::uint64_t>(ready, delivery.record.looked_ns))
    return runs_anyway(path, gap, earlier_wake(gap, delivery.record.cookie));
  const TaskTracker::Woken* other = tasks.woken_by(delivery.id());
  if (other && other->task != path.task.id) {
    runs_anyway(path, gap, Reason::kHandedOver);
    path.wake.woken = other->task;
    return;
  }
  if (contradiction == Reason::kNone) return runs_anyway(path, gap, Reason::kBusyElsewhere);
  if (contradiction == Reason::kWitnessContradicts && was_overtaken(delivery, gap, tasks)) {
    runs_anyway(path, gap, earlier_wake(gap, delivery.record.cookie));
    path.wake.certainty = Seen::kInferred;
    return;
  }
  describe_waker(path, gap);
  unknown_wake(path, contradiction);
  path.at(Stage::kRunning) = running(gap);
}

// It stood in the wait queue but had not yet left its CPU, and did not leave it any more: the call that was to
// wait for this data did not sleep.
bool was_about_to_sleep(const ReadCall& read, const TaskState& reader, std::uint64_t ready) {
  if (read.flags & WP_READ_LIGHT) return !reader.slept_since(ready);  // what call it was in is not known
  if (read.after_ns && read.after_ns <= ready) return !(read.flags & WP_READ_SLEPT);
  const auto& wait = reader.last_wait;
  return wait && wait->after_ns <= ready && wait->h.ts_ns >= ready && !wait->slept;
}

// No wake and no sleep was seen around the delivery.
Reason why_awake(const ReadCall& read, const TaskState& reader, std::uint64_t ready) {
  const auto& wait = reader.last_wait;
  const bool found = wait && wait->after_ns > ready && wait->h.ts_ns <= read.enter_ns && !wait->slept;
  return found ? Reason::kFoundReady : Reason::kRunning;
}

}  // namespace

void add_witness(model::Path& path, const Delivery& delivery, const NameTable& names) {
  const wp_delivery& d = delivery.record;
  if (d.w_count == 0) return;
  path.witness.reserve(1 + delivery.further.size());
  path.witness.push_back(entry(d.w_func, d.w_mech, d.w_flags, d.w_tid, d.w_start_ns, d.w_fd, names));
  for (const wp_witness& w : delivery.further)
    path.witness.push_back(entry(w.func, w.mech, w.flags, w.tid, w.start_ns, w.fd, names));
  path.witness_cut = d.w_count == 255;
}

void judge_wake(model::Path& path, const Delivery& delivery, const ReadCall& read, const TaskState& reader,
                const TaskTracker& tasks, bool loss_before) {
  const std::uint64_t ready = delivery.record.h.ts_ns;
  const model::WitnessEntry* mine = entry_leading_to(path, path.task.id);
  if (!mine && !path.witness.empty()) mine = &path.witness.front();
  path.wake.mechanism = mine ? mine->mechanism : model::Mechanism::kNone;
  if (!reader.remembers(ready)) {
    return unknown_wake(path, Reason::kHistoryTooShort);
  }
  if (const Gap* gap = reader.woken_by(delivery.id(), ready)) {
    if (gap->slept()) return woken_for_it(path, *gap, path.task.id);
    return runs_anyway(path, *gap, Reason::kWokenBeforeSleep);
  }
  const model::WitnessEntry* named = entry_leading_to(path, path.task.id);
  Reason contradiction = Reason::kNone;
  if (named && named->waiting) contradiction = loss_before ? Reason::kLost : Reason::kWitnessContradicts;
  if (const Gap* gap = reader.off_cpu_at(ready))
    return judge_off_cpu(path, delivery, *gap, tasks, contradiction, loss_before);
  if (contradiction == Reason::kNone) return not_needed(path, why_awake(read, reader, ready));
  if (was_about_to_sleep(read, reader, ready)) return not_needed(path, Reason::kWokenBeforeSleep);
  unknown_wake(path, contradiction);
}

}  // namespace wp::reconstruct
