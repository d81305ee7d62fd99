// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/reconstruct/sched_events.hpp"

#include <algorithm>
#include <variant>

#include "userspace/reconstruct/names.hpp"

namespace wp::reconstruct {

using model::kNobodyKnown;
using model::SchedEvent;

void SchedEvents::on(const event::Event& event) {
  if (const auto* task = std::get_if<wp_task>(&event)) names_[task->tid] = text_of(task->comm);
  if (const auto* run = std::get_if<wp_run>(&event)) add_run(*run);
  if (const auto* name = std::get_if<wp_name>(&event)) kernel_names_.on(*name);
  if (const auto* slice = std::get_if<wp_cpu_slice>(&event)) add_slice(*slice);
  if (const auto* any = std::get_if<wp_task_switch>(&event)) add_switch(*any);
  if (const auto* other = std::get_if<wp_cpu_switch>(&event)) {
    SchedEvent e;
    e.ts_ns = other->h.ts_ns;
    e.cpu = other->h.cpu;
    e.prev_tid = other->prev_tid;
    e.prev_comm = text_of(other->prev_comm);
    e.next_tid = other->next_tid;
    events_.push_back(std::move(e));
  }
}

void SchedEvents::add_switch(const wp_task_switch& r) {
  SchedEvent e;
  e.ts_ns = r.h.ts_ns;
  e.cpu = r.h.cpu;
  e.prev_tid = r.prev_tid;
  e.prev_state = r.prev_state;
  e.next_tid = r.next_tid;
  e.next_comm = text_of(r.next_comm);
  names_[r.next_tid] = e.next_comm;
  e.prev_comm = names_[r.prev_tid];
  all_since_.try_emplace(e.cpu, e.ts_ns);
  events_.push_back(std::move(e));
  of_timeline_.resize(events_.size());
  of_timeline_.back() = true;
}

void SchedEvents::add_slice(const wp_cpu_slice& r) {
  if (!r.begin_ns || (r.what != WP_SLICE_irq && r.what != WP_SLICE_softirq)) return;
  const bool is_irq = r.what == WP_SLICE_irq;
  SchedEvent e;
  e.kind = is_irq ? SchedEvent::Kind::kIrqEntry : SchedEvent::Kind::kSoftirqEntry;
  e.ts_ns = r.begin_ns;
  e.cpu = r.h.cpu;
  e.number = r.number;
  e.prev_tid = r.tid;
  if (is_irq) e.next_comm = kernel_names_.get(WP_NAME_irq, r.number);
  events_.push_back(e);
  e.kind = is_irq ? SchedEvent::Kind::kIrqExit : SchedEvent::Kind::kSoftirqExit;
  e.ts_ns = r.h.ts_ns;
  events_.push_back(std::move(e));
}

// Where every switch was recorded by itself, those that runs tell are the same once more.
void SchedEvents::drop_told_twice() {
  of_timeline_.resize(events_.size());
  std::size_t kept = 0;
  for (std::size_t i = 0; i < events_.size(); ++i) {
    const auto since = all_since_.find(events_[i].cpu);
    const bool is_twice = events_[i].kind == SchedEvent::Kind::kSwitch && !of_timeline_[i] &&
                          since != all_since_.end() && events_[i].ts_ns >= since->second;
    if (is_twice) continue;
    if (kept != i) events_[kept] = std::move(events_[i]);
    ++kept;
  }
  events_.resize(kept);
}

// One record tells three things: when the task left its CPU, what woke it, and that it runs.
void SchedEvents::add_run(const wp_run& r) {
  if (r.flags & WP_RUN_UNSEEN) return;
  const std::string& comm = names_[r.tid];
  SchedEvent left;
  left.ts_ns = r.off_ns;
  left.cpu = r.off_cpu;
  left.prev_tid = r.tid;
  left.prev_comm = comm;
  left.prev_state = r.off_state;
  left.next_tid = kNobodyKnown;
  if (r.off_ns) events_.push_back(left);
  SchedEvent woken;
  woken.kind = SchedEvent::Kind::kWaking;
  woken.ts_ns = r.waking_ns;
  woken.cpu = r.wake_cpu;
  woken.target_cpu = r.runnable_cpu ? r.runnable_cpu - 1U : r.h.cpu;
  woken.prev_tid = r.waker_tid;
  woken.next_tid = r.tid;
  woken.next_comm = comm;
  if (r.waking_ns) events_.push_back(woken);
  SchedEvent runs;
  runs.ts_ns = r.h.ts_ns;
  runs.cpu = r.h.cpu;
  runs.prev_tid = r.prev_tid;
  runs.prev_comm = text_of(r.prev_comm);
  runs.next_tid = r.tid;
  runs.next_comm = comm;
  events_.push_back(runs);
}

void SchedEvents::end() {
  drop_told_twice();
  // A task that leaves for another watched one is told twice, at nearly the same time: the fuller one stays.
  std::stable_sort(events_.begin(), events_.end(),
                   [](const SchedEvent& a, const SchedEvent& b) { return a.ts_ns < b.ts_ns; });
  chain();
}

// The record of a switch is stamped a moment after the time the task before it was noted to leave.
void SchedEvents::chain() {
  std::map<std::uint32_t, SchedEvent*> last;  // the latest switch of each CPU
  std::vector<bool> merged(events_.size(), false);
  for (std::size_t i = 0; i < events_.size(); ++i) {
    SchedEvent& e = events_[i];
    if (e.kind != SchedEvent::Kind::kSwitch) continue;
    SchedEvent*& before = last[e.cpu];
    if (before && before->next_tid == kNobodyKnown && before->prev_tid == e.prev_tid) {
      e.ts_ns = before->ts_ns;
      e.prev_state = before->prev_state;
      merged[static_cast<std::size_t>(before - events_.data())] = true;
    } else if (before && before->next_tid != e.prev_tid) {
      before->next_tid = e.prev_tid = kNobodyKnown;
      before->next_comm.clear();
      e.prev_comm.clear();
    } else if (before && before->next_comm.empty()) {
      before->next_comm = e.prev_comm;
    }
    before = &e;
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < events_.size(); ++i)
    if (!merged[i]) {
      if (kept != i) events_[kept] = std::move(events_[i]);
      ++kept;
    }
  events_.resize(kept);
  std::stable_sort(events_.begin(), events_.end(),
                   [](const SchedEvent& a, const SchedEvent& b) { return a.ts_ns < b.ts_ns; });
}

}  // namespace wp::reconstruct
