// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/reconstruct/task_tracker.hpp"

#include <algorithm>

#include "userspace/reconstruct/names.hpp"

namespace wp::reconstruct {

const Gap* TaskState::off_cpu_at(std::uint64_t ns) const {
  for (auto gap = gaps.rbegin(); gap != gaps.rend(); ++gap) {
    if (gap->on_ns <= ns) return nullptr;
    if (gap->off_ns <= ns && (gap->off_ns || gap->asleep_at_start())) return &*gap;
  }
  return nullptr;
}

bool TaskState::slept_since(std::uint64_t ns) const {
  for (auto gap = gaps.rbegin(); gap != gaps.rend() && gap->on_ns > ns; ++gap)
    if (gap->slept() && gap->off_ns >= ns) return true;
  return false;
}

std::uint64_t TaskState::first_sleep(std::uint64_t ns, std::uint32_t nr) const {
  const Gap* first = nullptr;
  for (auto gap = gaps.rbegin(); gap != gaps.rend() && gap->off_ns >= ns && gap->off_ns; ++gap) {
    if (!gap->slept() || (gap->off_nr && gap->off_nr != nr + 1)) continue;
    if (first && gap->calls != first->calls) break;  // an earlier call, which has no record of its own
    first = &*gap;
  }
  return first ? first->off_ns : 0;
}

std::int32_t TaskState::cpu_at(std::uint64_t ns, std::uint32_t cpu_now) const {
  auto cpu = static_cast<std::int32_t>(cpu_now);
  for (auto gap = gaps.rbegin(); gap != gaps.rend() && gap->on_ns > ns; ++gap)
    cpu = gap->off_ns && !gap->on_unseen ? static_cast<std::int32_t>(gap->off_cpu) : -1;
  return cpu;
}

const Gap* TaskState::woken_by(DeliveryId id, std::uint64_t not_before_ns) const {
  for (auto gap = gaps.rbegin(); gap != gaps.rend() && gap->on_ns >= not_before_ns; ++gap)
    if (gap->woken_by == id) return &*gap;
  return nullptr;
}

void TaskTracker::see(const wp_header& h) {
  const bool is_part = h.kind == WP_KIND_witness || h.kind == WP_KIND_name || h.kind == WP_KIND_socket;
  if (is_part || h.kind >= WP_KIND_first_of_collector) return;
  if (h.cpu >= open_.size()) {
    if (h.kind != WP_KIND_delivery) return;
    open_.resize(h.cpu + 1U);
  }
  DeliveryId& open = open_[h.cpu];
  if (open) overs_[delivery_slot(open)] = {open, h.ts_ns};
  open = h.kind == WP_KIND_delivery ? delivery_id(h.cpu, h.seq) : 0;
}

bool TaskTracker::may_be_open(DeliveryId id, std::uint64_t ns) const {
  const Over& over = overs_[delivery_slot(id)];
  return over.id == id ? ns <= over.by_ns : std::find(open_.begin(), open_.end(), id) != open_.end();
}

TaskState& TaskTracker::get(model::TaskId id, std::uint32_t pid) {
  if (last_ && last_id_ == id) return *last_;
  TaskState& state = tasks_[id];
  if (!state.task.id.tid) {
    state.task.id = id;
    state.task.pid = pid;
  }
  last_ = &state;
  last_id_ = id;
  return state;
}

void TaskTracker::on(const wp_task& record) {
  const model::TaskId id{record.tid, record.start_ns};
  TaskState& state = get(id, record.pid);
  state.task.ppid = record.ppid;
  state.task.comm = name_of(record.comm);
  if (everyone_.size() < kTasksNamed) everyone_[id] = state.task;
}

const Gap& TaskTracker::on(const wp_run& r, std::uint64_t cookie) {
  const model::TaskId id{r.tid, r.start_ns};
  TaskState& state = get(id, r.pid);
  Gap gap;
  gap.off_ns = r.off_ns;
  gap.waking_ns = r.waking_ns;
  gap.runnable_ns = r.runnable_ns;
  gap.on_ns = r.h.ts_ns;
  gap.woken_by = delivery_id(r.wake_cpu, r.wake_delivery);
  gap.woken_by_cookie = gap.woken_by ? cookie : 0;
  gap.off_state = r.off_state;
  gap.off_cpu = r.off_cpu;
  gap.wake_cpu = r.wake_cpu;
  gap.on_cpu = r.h.cpu;
  gap.waker_tid = r.waker_tid;
  gap.prev_tid = r.prev_tid;
  gap.wake_level = static_cast<model::Level>(r.wake_level);
  gap.waker_comm = r.waker_comm;
  gap.prev_comm = r.prev_comm;
  gap.on_unseen = r.flags & WP_RUN_UNSEEN;
  gap.off_nr = r.off_nr;
  gap.calls = r.calls;
  gap.runnable_cpu = r.runnable_cpu;
  gap.all_switches_seen = r.flags & WP_RUN_WATCHED_CPU;
  if (gap.woken_by) wakes_[delivery_slot(gap.woken_by)] = {gap.woken_by, id};
  state.gaps.push_back(gap);
  if (state.gaps.size() > kGapsKept) {
    state.gaps.pop_front();
    state.gaps_dropped = true;
  }
  return state.gaps.back();
}

void TaskTracker::forget_work() {
  for (auto& [id, state] : tasks_) {
    state.marks_dropped = true;
    state.marks.clear();
    state.last_wait.reset();
  }
}

void TaskTracker::mark(TaskState& state, std::uint64_t at_ns, Mark::Work work, std::uint64_t cookie) {
  if (!state.marks.empty() && state.marks.back().at_ns > at_ns) at_ns = state.marks.back().at_ns;
  state.marks.push_back({at_ns, cookie, work});
  if (state.marks.size() > kMarksKept) {
    state.marks.pop_front();
    state.marks_dropped = true;
  }
}

namespace {

template <class Record>
Entered<Record> bracket(TaskState& state, const Record& record, bool slept, std::uint64_t effect_ns,
                        std::uint64_t returned_ns) {
  Entered<Record> call{record};
  call.entry_seen = record.enter_ns != 0;
  call.after_ns = call.entry_seen ? record.enter_ns : state.call_ended_ns;
  const bool since_start = !state.call_ended_ns && !state.gaps.empty() && state.gaps.front().asleep_at_start();
  if (!call.entry_seen)
    call.enter_ns = since_start ? 0 : slept ? state.first_sleep(call.after_ns, record.nr) : effect_ns;
  state.call_ended_ns = returned_ns;
  return call;
}

}  // namespace

ReadCall TaskTracker::entered(const wp_read_call& r) {
  return bracket(get({r.tid, r.start_ns}, r.pid), r, r.flags & WP_READ_SLEPT, r.copied_ns ? r.copied_ns : r.h.ts_ns,
                 r.h.ts_ns);
}

WaitCall TaskTracker::entered(const wp_wait_call& r) {
  const std::uint64_t returned = r.exit_ns ? r.exit_ns : r.h.ts_ns;  // its record may have been made later
  return bracket(get({r.tid, r.start_ns}, r.pid), r, r.slept, returned, returned);
}

void TaskTracker::on(const WaitCall& r, bool is_sleep) {
  TaskState& state = get({r.tid, r.start_ns}, r.pid);
  state.last_wait = r;
  const std::uint64_t returned = r.exit_ns ? r.exit_ns : r.h.ts_ns;  // its record may have been made later
  state.last_wait->h.ts_ns = returned;
  if (is_sleep) return;
  if (r.enter_ns) mark(state, r.enter_ns, Mark::Work::kWaiting);
  mark(state, returned, Mark::Work::kNothing);
}

void TaskTracker::on(const wp_read_call& r) {
  mark(get({r.tid, r.start_ns}, r.pid), r.enter_ns ? r.enter_ns : r.h.ts_ns, Mark::Work::kServing, r.cookie);
}

void TaskTracker::on(const wp_send_call& r) {
  TaskState& state = get({r.tid, r.start_ns}, r.pid);
  state.call_ended_ns = r.h.ts_ns;
  if (state.marks.empty()) return;
  const Mark& latest = state.marks.back();
  if (latest.work == Mark::Work::kServing && latest.cookie == r.cookie)
    mark(state, r.h.ts_ns, Mark::Work::kReplied, r.cookie);
}

void TaskTracker::on(const wp_accept_call& r) {
  TaskState& state = get({r.tid, r.start_ns}, r.pid);
  state.call_ended_ns = r.h.ts_ns;
  if (r.enter_ns) mark(state, r.enter_ns, Mark::Work::kAccepting);
  mark(state, r.h.ts_ns, Mark::Work::kNothing);
}

const TaskState* TaskTracker::find(model::TaskId id) const {
  const auto it = tasks_.find(id);
  return it == tasks_.end() ? nullptr : &it->second;
}

void TaskTracker::on(const wp_task_exit& record) {
  last_ = nullptr;
  tasks_.erase({record.tid, record.start_ns});
}

const TaskTracker::Woken* TaskTracker::woken_by(DeliveryId id) const {
  const Woken& woken = wakes_[delivery_slot(id)];
  return id && woken.by == id ? &woken : nullptr;
}

}  // namespace wp::reconstruct
