// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/reconstruct/activity_tracker.hpp"

#include <sys/wait.h>

#include <array>
#include <bit>
#include <csignal>
#include <cstring>

namespace wp::reconstruct {

namespace {

constexpr std::size_t kProcessesKept = 4096;
constexpr std::size_t kSignalsKept = 16;
constexpr std::size_t kListenerDeliveriesKept = 4096;
// The kernel wakes the task first and reports the signal after, in one go: __send_signal_locked().
constexpr std::uint64_t kSignalReportedWithinNs = 100'000;
constexpr std::uint8_t kResultPending = 2;

struct Flag {
  std::uint32_t bit;
  const char* name;
};
// Linux's numbers, the same on every architecture.
constexpr std::array kFlags = {
    Flag{0x1, "MSG_OOB"},       Flag{0x2, "MSG_PEEK"},
    Flag{0x4, "MSG_DONTROUTE"}, Flag{0x20, "MSG_TRUNC"},
    Flag{0x40, "MSG_DONTWAIT"}, Flag{0x80, "MSG_EOR"},
    Flag{0x100, "MSG_WAITALL"}, Flag{0x4000, "MSG_NOSIGNAL"},
    Flag{0x8000, "MSG_MORE"},   Flag{0x4000000, "MSG_ZEROCOPY"},
};

void count_flags(std::array<std::uint64_t, 32>& counts, std::uint32_t flags) {
  for (; flags; flags &= flags - 1) ++counts[static_cast<std::size_t>(std::countr_zero(flags))];
}

std::map<std::string, std::uint64_t> by_name(const std::array<std::uint64_t, 32>& counts) {
  std::map<std::string, std::uint64_t> named;
  for (const Flag& flag : kFlags)
    if (const std::uint64_t n = counts[static_cast<std::size_t>(std::countr_zero(flag.bit))]) named[flag.name] = n;
  return named;
}

}  // namespace

std::string signal_name(std::uint32_t number) {
  const char* abbreviation = number < 32 ? sigabbrev_np(static_cast<int>(number)) : nullptr;
  return abbreviation ? std::string("SIG") + abbreviation : "signal " + std::to_string(number);
}

model::Name ActivityTracker::cause_of(const wp_run& r) const {
  static const model::Name kDelivery = "delivery";
  if (r.wake_delivery) return kDelivery;
  switch (r.wake_level) {
    case WP_LEVEL_hardirq: return "timer or interrupt";
    case WP_LEVEL_softirq: return "softirq";
    case WP_LEVEL_task: break;
    default: return "not told";
  }
  const model::Name call = r.waker_nr ? names_.get(WP_NAME_syscall, r.waker_nr - 1U) : model::Name();
  return call.empty() ? "task " + text_of(r.waker_comm) : call.str() + " of " + text_of(r.waker_comm);
}

const ActivityTracker::Sent* ActivityTracker::signal_behind(const Task& task) const {
  const auto sent = signals_.find(task.pid);
  if (sent == signals_.end()) return nullptr;
  for (const Sent& signal : sent->second) {
    if (signal.at_ns >= task.wake_ns && signal.at_ns - task.wake_ns <= kSignalReportedWithinNs &&
        signal.cpu == task.wake_cpu && signal.sender_tid == task.waker_tid)
      return &signal;
  }
  return nullptr;
}

void ActivityTracker::put_down(Task& task) {
  if (!task.waits_for_cause) return;
  task.waits_for_cause = false;
  const Sent* signal = signals_.empty() || task.cause == "delivery" ? nullptr : signal_behind(task);
  if (!signal) {
    ++latest_cause_.in(activity_.wake_causes, task.cause);
    return;
  }
  const std::string name = signal_name(signal->sig);
  ++activity_.wake_causes["signal " + name];
  ++activity_.signals[name].woke;
}

ActivityTracker::Task& ActivityTracker::task_of(model::TaskId id) {
  if (last_ && last_id_ == id) return *last_;
  last_id_ = id;
  last_ = &tasks_[id];
  return *last_;
}

void ActivityTracker::on(const wp_run& r) {
  Task& task = task_of({r.tid, r.start_ns});
  task.pid = r.pid;
  note_calls(task, r.calls);
  ++activity_.runs;
  const bool is_unseen = r.flags & WP_RUN_UNSEEN;
  if (task.on_ns && r.off_ns >= task.on_ns)
    task.ran_ns += r.off_ns - task.on_ns;
  else if (r.off_ns)
    ++activity_.runs_unmeasured;
  task.on_ns = is_unseen ? 0 : r.h.ts_ns;
  const bool slept = r.off_state != 0 || (!r.off_ns && r.waking_ns);
  if (!slept || !r.waking_ns) return;
  put_down(task);
  if (task.for_connection) ++activity_.woken_for_nothing;
  task.for_connection = r.wake_delivery && listener_deliveries_.contains(delivery_id(r.wake_cpu, r.wake_delivery));
  activity_.woken_for_connection += task.for_connection;
  task.waits_for_cause = true;
  task.wake_ns = r.waking_ns;
  task.wake_cpu = r.wake_cpu;
  task.waker_tid = r.waker_tid;
  task.cause = cause_of(r);
}

void ActivityTracker::on(const wp_usage& r) {
  Task& task = task_of({r.tid, r.start_ns});
  task.pid = r.pid;
  note_calls(task, r.calls);
  if (!task.has_books) task.first_run_ns = task.is_born_here ? 0 : r.run_ns;
  task.has_books = true;
  task.last_run_ns = r.run_ns;
}

void ActivityTracker::note_calls(Task& task, std::uint32_t calls) {
  if (!task.last_calls && !task.is_born_here) task.first_calls = calls;
  task.last_calls = calls;
}

// The scheduler's own books where they cover the task's whole share of the recording, else what was seen of it.
void ActivityTracker::close_books(const Task& task) {
  activity_.cpu_ns += task.has_books ? task.last_run_ns - task.first_run_ns : task.ran_ns;
  activity_.syscalls += task.last_calls - task.first_calls;
}

void ActivityTracker::on(const wp_wait_call& r) {
  model::WaitUse& use = latest_wait_.in(activity_.waits, names_.get(WP_NAME_syscall, r.nr));
  ++use.calls;
  use.slept += r.slept;
  use.empty += r.ret == 0;
  use.watched += r.watched;
}

void ActivityTracker::on(const wp_read_call& r) {
  if (r.ret > 0) count_flags(recv_flags_, r.msg_flags);
  if (r.cookie) holders_.uses(r.pid, r.fd, r.cookie);
}

void ActivityTracker::on(const wp_send_call& r) {
  if (r.cookie) holders_.uses(r.pid, r.fd, r.cookie);
  if (r.ret <= 0) return;
  const bool by_ring = r.flags & WP_SEND_BY_RING;
  const model::Name call = by_ring ? model::Name("io_uring") : names_.get(WP_NAME_syscall, r.nr);
  model::SendUse& use = latest_send_.in(activity_.sends, call);
  ++use.calls;
  use.bytes += static_cast<std::uint64_t>(r.ret);
  use.segments += r.segments;
  use.parts += r.parts;
  use.without_segment += r.segments == 0;
  count_flags(send_flags_, r.msg_flags);
}

void ActivityTracker::on(const wp_delivery& r) {
  if (!(r.flags & WP_DELIVERY_LISTENER)) return;
  ++activity_.connections_announced;
  const DeliveryId id = delivery_id(r.h.cpu, r.h.seq);
  listener_deliveries_[id] = true;
  listener_order_.push_back(id);
  if (listener_order_.size() <= kListenerDeliveriesKept) return;
  listener_deliveries_.erase(listener_order_.front());
  listener_order_.pop_front();
}

void ActivityTracker::on(const wp_accept_call& r) {
  if (r.ret >= 0) holders_.uses(r.pid, static_cast<std::int32_t>(r.ret), r.cookie);
  Task& task = task_of({r.tid, r.start_ns});
  if (task.for_connection && r.ret < 0) ++activity_.woken_for_nothing;
  task.for_connection = false;
}

model::Process* ActivityTracker::process(std::uint32_t pid) {
  const auto found = processes_.find(pid);
  if (found != processes_.end()) return &activity_.processes[found->second];
  if (activity_.processes.size() >= kProcessesKept) return nullptr;
  processes_[pid] = activity_.processes.size();
  activity_.processes.push_back({});
  activity_.processes.back().pid = pid;
  return &activity_.processes.back();
}

void ActivityTracker::on(const wp_task& r) {
  Task& task = task_of({r.tid, r.start_ns});
  task.ppid = r.ppid;
  if (r.why == WP_WHY_fork) task.is_born_here = true;
  if (r.tid != r.pid) return;
  if (r.why == WP_WHY_fork) {
    processes_.erase(r.pid);  // a number may be used again
    ++activity_.processes_forked;
    holders_.forked(r.ppid, r.pid);
    if (model::Process* made = process(r.pid)) made->forked_ns = r.h.ts_ns;
  }
  const auto known = processes_.find(r.pid);
  if (known == processes_.end()) return;
  activity_.processes[known->second].ppid = r.ppid;
  activity_.processes[known->second].comm = text_of(r.comm);
}

void ActivityTracker::on(const wp_task_exit& r) {
  const model::TaskId id{r.tid, r.start_ns};
  std::uint32_t ppid = 0;
  if (const auto task = tasks_.find(id); task != tasks_.end()) {
    ppid = task->second.ppid;
    put_down(task->second);
    if (task->second.on_ns) task->second.ran_ns += r.h.ts_ns - task->second.on_ns;
    task->second.has_books = false;  // the last ones are older than its end
    close_books(task->second);
    tasks_.erase(task);
    last_ = nullptr;
  }
  if (r.tid != r.pid) return;
  holders_.ended(r.pid);
  if (model::Process* ended = process(r.pid)) {
    ended->ended_ns = r.h.ts_ns;
    ended->code = r.code;
    ended->freed_at_once = r.flags & WP_EXIT_NOBODY_ASKS;
    if (!ended->ppid) ended->ppid = ppid;
  }
}

void ActivityTracker::on(const wp_reap_call& r) {
  ++activity_.reap_calls;
  activity_.reap_calls_empty += r.ret == 0;
  if (r.ret <= 0) return;
  const auto found = processes_.find(static_cast<std::uint32_t>(r.ret));
  if (found == processes_.end()) return;
  model::Process& child = activity_.processes[found->second];
  if (!child.ended_ns || child.reaped_ns) return;  // stopped or continued, not ended
  child.reaped_ns = r.h.ts_ns;
  child.reaped_by = names_.get(WP_NAME_syscall, r.nr);
  child.reaper_slept = r.slept;
  child.reaper_asked_only = r.options & WNOHANG;
  activity_.zombie_ns += child.reaped_ns - child.ended_ns;
  if (!child.ppid) child.ppid = r.pid;
}

void ActivityTracker::on(const wp_signal_sent& r) {
  model::SignalUse& use = activity_.signals[signal_name(r.sig)];
  ++use.sent;
  use.merged += r.result == kResultPending;
  std::deque<Sent>& sent = signals_[r.pid];
  sent.push_back({r.h.ts_ns, r.h.cpu, r.sender_tid, r.sig});
  if (sent.size() > kSignalsKept) sent.pop_front();
}

void ActivityTracker::on(const wp_signal_taken& r) {
  ++activity_.signals[signal_name(r.sig)].taken;
  if (r.sig != SIGCHLD) return;
  for (model::Process& child : activity_.processes)
    if (child.ppid == r.pid && child.is_left()) child.parent_took_signal = true;
}

model::Activity ActivityTracker::finish() {
  for (auto& [id, task] : tasks_) {
    put_down(task);
    close_books(task);
  }
  // Of one that nobody watched was seen to fork, nobody who is watched is the parent.
  for (const model::Process& process : activity_.processes)
    activity_.processes_left += process.is_left() && process.forked_ns;
  activity_.recv_flags = by_name(recv_flags_);
  activity_.send_flags = by_name(send_flags_);
  activity_.shared = holders_.finish();
  return activity_;
}

}  // namespace wp::reconstruct
