// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/reconstruct/timeline_builder.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

namespace wp::reconstruct {

using model::Lane;
using model::SliceKind;
using model::TaskId;
using model::TimelineSlice;

namespace {

constexpr std::size_t kPendingKept = 64;
constexpr std::uint32_t kTcpClose = 7;
// enum in include/linux/interrupt.h; the order has not changed since 2.6.
constexpr std::array kSoftirqNames = {"HI",       "TIMER",   "NET_TX", "NET_RX",  "BLOCK",
                                      "IRQ_POLL", "TASKLET", "SCHED",  "HRTIMER", "RCU"};

SliceKind kind_of_task(std::uint32_t flags) {
  if (flags & WP_SWITCH_WATCHED) return SliceKind::kTaskWatched;
  if (flags & WP_SWITCH_KTHREAD) return SliceKind::kTaskKernel;
  return flags & WP_SWITCH_SELF ? SliceKind::kTaskSelf : SliceKind::kTaskOther;
}

}  // namespace

void TimelineBuilder::on(const event::Event& event) {
  std::visit(
      [this](const auto& e) {
        if constexpr (requires { e.h; }) {
          if (e.h.kind < WP_KIND_first_of_collector && e.h.kind != WP_KIND_name) {
            if (!first_ns_) first_ns_ = e.h.ts_ns;
            last_ns_ = std::max(last_ns_, e.h.ts_ns);
          }
        }
        route(e);
      },
      event);
}

void TimelineBuilder::put(TimelineSlice& slice, std::string_view name) {
  if (slice.end_ns < slice.begin_ns) return;  // the clock of a damaged record: there is nothing to draw
  slice.name = name;
  sink_(slice);
}

void TimelineBuilder::route(const wp_cpu_slice& r) {
  TimelineSlice s;
  s.key = r.h.cpu;
  s.begin_seen = r.begin_ns != 0;
  s.begin_ns = r.begin_ns ? r.begin_ns : r.h.ts_ns;
  s.end_ns = r.h.ts_ns;
  s.b = r.tid;
  switch (r.what) {
    case WP_SLICE_irq:
      s.lane = Lane::kCpuIrq, s.kind = SliceKind::kIrq, s.a = r.number;
      return put(s, names_.get(WP_NAME_irq, r.number));
    case WP_SLICE_timer: s.lane = Lane::kCpuIrq, s.kind = SliceKind::kTimer; return put(s, "timer");
    case WP_SLICE_softirq:
      s.lane = Lane::kCpuSoftirq, s.kind = SliceKind::kSoftirq, s.a = r.number;
      return put(s, r.number < kSoftirqNames.size() ? kSoftirqNames[r.number] : "softirq");
    case WP_SLICE_napi:
      s.lane = Lane::kCpuNapi, s.kind = SliceKind::kNapi, s.a = r.work, s.b = r.budget;
      return put(s, r.number ? "poll of NAPI " + std::to_string(r.number) : "poll of the backlog");
    default: return;
  }
}

void TimelineBuilder::end_switch_slice(std::uint32_t number, Cpu& state, std::uint64_t at_ns, std::uint32_t left_in,
                                       bool seen) {
  if (state.known && !state.tid && seen) return;  // idle
  TimelineSlice s;
  s.lane = Lane::kCpuTask;
  s.key = number;
  s.kind = state.kind;
  s.begin_ns = state.since_ns;
  s.end_ns = at_ns;
  s.a = state.tid;
  s.b = left_in;
  s.end_seen = seen;
  put(s, state.name);
}

void TimelineBuilder::route(const wp_task_switch& r) {
  Cpu& now = cpu(r.h.cpu);
  // The run record of the same switch was stamped first, and is what paths go by.
  const bool ran = now.ran_ns >= now.since_ns && now.ran_tid == r.next_tid && r.next_tid != 0;
  const std::uint64_t at_ns = ran ? now.ran_ns : r.h.ts_ns;
  if (now.known && now.tid == r.prev_tid) {
    end_switch_slice(r.h.cpu, now, at_ns, r.prev_state, true);
  } else {  // about one switch in 4,000 is not reported: docs/decisions/0007
    now.kind = SliceKind::kNotKnown;
    if (now.known) now.name = "a switch was not reported";
    if (now.name.empty()) now.name = "before the first switch seen";
    if (!now.since_ns) now.since_ns = first_ns_;
    now.tid = r.prev_tid;
    now.known = false;
    end_switch_slice(r.h.cpu, now, at_ns, r.prev_state, true);
  }
  now.known = true;
  now.tid = r.next_tid;
  now.since_ns = at_ns;
  now.kind = kind_of_task(r.flags);
  now.name = text_of(r.next_comm);
  now.ran_ns = 0;
}

void TimelineBuilder::route(const wp_run& r) {
  const TaskId id{r.tid, r.start_ns};
  Thread& thread = threads_[id];
  thread.pid = r.pid;
  if (r.off_ns && thread.on_ns) leave_cpu(id, thread, r.off_ns, r.off_state, true);
  if (!r.off_ns && thread.on_ns) leave_cpu(id, thread, r.h.ts_ns, 0, false);
  off_cpu(id, thread, r);
  thread.on_ns = r.h.ts_ns;
  thread.cpu = r.h.cpu;
  thread.on_seen = !(r.flags & WP_RUN_UNSEEN);
  if (thread.on_seen) cpu(r.h.cpu).ran_tid = r.tid, cpu(r.h.cpu).ran_ns = r.h.ts_ns;
}

// It ran until off_ns.
void TimelineBuilder::leave_cpu(const TaskId& id, Thread& thread, std::uint64_t off_ns, std::uint32_t state,
                                bool seen) {
  TimelineSlice s;
  s.task = id;
  s.begin_ns = std::exchange(thread.on_ns, 0);
  s.end_ns = off_ns;
  s.begin_seen = thread.on_seen;
  s.end_seen = seen;
  if (!detailed_) {
    s.lane = Lane::kCpuTask;
    s.key = thread.cpu;
    s.kind = SliceKind::kTaskWatched;
    s.a = id.tid;
    s.b = state;
    put(s, thread.comm);
  }
  s.lane = Lane::kThreadState;
  s.kind = SliceKind::kRunning;
  s.a = thread.cpu;
  s.b = 0;
  thread.pending.push_back({s, "running"});
}

// What it did between leaving its CPU and this run.
void TimelineBuilder::off_cpu(const TaskId& id, Thread& thread, const wp_run& r) {
  TimelineSlice s;
  s.lane = Lane::kThreadState;
  s.task = id;
  s.begin_seen = r.off_ns != 0;
  s.begin_ns = r.off_ns ? r.off_ns : first_ns_;
  s.a = r.off_state;
  const bool slept = r.off_state != 0 || (!r.off_ns && r.waking_ns);
  if (slept && r.waking_ns) {
    s.kind = SliceKind::kBlocked;
    s.end_ns = r.waking_ns;
    if (s.end_ns >= s.begin_ns) thread.pending.push_back({s, ""});
    s.begin_ns = r.waking_ns;
    s.begin_seen = true;
  }
  const bool told = (r.waking_ns || (r.off_ns && !slept)) && !(r.flags & WP_RUN_UNSEEN);
  s.kind = !told ? SliceKind::kNotKnown : slept ? SliceKind::kRunnable : SliceKind::kPreempted;
  s.a = r.h.cpu;
  s.b = r.prev_tid;
  s.end_ns = r.h.ts_ns;
  if (!r.off_ns && !r.waking_ns) return flush(thread, ~0ULL, "");  // nothing is known of before
  thread.pending.push_back({s, !told ? "when it got its CPU was not reported" : slept ? "runnable" : "preempted"});
  if (thread.pending.size() > kPendingKept) flush(thread, ~0ULL, "");
}

// Hands the states on. Those that began inside the call have its name.
void TimelineBuilder::flush(Thread& thread, std::uint64_t enter_ns, std::string_view call_name) {
  for (Pending& p : thread.pending) {
    const bool blocked = p.slice.kind == SliceKind::kBlocked;
    put(p.slice, blocked ? (p.slice.begin_ns >= enter_ns ? call_name : std::string_view()) : p.name);
  }
  thread.pending.clear();
}

void TimelineBuilder::call(const TaskId& id, SliceKind kind, std::uint64_t enter_ns, std::uint64_t exit_ns,
                           std::uint16_t nr, std::int64_t ret, std::int32_t fd) {
  Thread& thread = threads_[id];
  const std::string& name = names_.get(WP_NAME_syscall, nr);
  flush(thread, enter_ns, name);
  TimelineSlice s;
  s.lane = Lane::kThreadCall;
  s.kind = kind;
  s.task = id;
  s.begin_seen = enter_ns != 0;
  s.begin_ns = enter_ns ? enter_ns : first_ns_;
  s.end_ns = exit_ns;
  s.a = ret;
  s.b = fd;
  put(s, name.empty() ? "system call " + std::to_string(nr) : name);
}

void TimelineBuilder::route(const wp_wait_call& r) {
  call({r.tid, r.start_ns}, SliceKind::kWait, r.enter_ns, r.h.ts_ns, r.nr, r.ret, r.fd);
}

void TimelineBuilder::route(const wp_read_call& r) {
  call({r.tid, r.start_ns}, SliceKind::kRead, r.enter_ns, r.h.ts_ns, r.nr, r.ret, r.fd);
  if (!r.cookie) return;
  const std::uint64_t at_ns = r.copied_ns ? r.copied_ns : r.h.ts_ns;
  // A delivery between the copy and the return has told a later count.
  if (const auto found = sockets_.find(r.cookie); found == sockets_.end() || at_ns >= found->second.since_ns)
    unread(r.cookie, at_ns, r.unread);
}

void TimelineBuilder::route(const wp_send_call& r) {
  call({r.tid, r.start_ns}, SliceKind::kSend, r.enter_ns, r.h.ts_ns, r.nr, r.ret, r.fd);
}

void TimelineBuilder::route(const wp_accept_call& r) {
  call({r.tid, r.start_ns}, SliceKind::kAccept, r.enter_ns, r.h.ts_ns, r.nr, r.ret, r.fd);
}

void TimelineBuilder::route(const wp_task& r) {
  Thread& thread = threads_[{r.tid, r.start_ns}];
  thread.pid = r.pid;
  thread.comm = text_of(r.comm);
}

void TimelineBuilder::route(const wp_task_exit& r) {
  const TaskId id{r.tid, r.start_ns};
  const auto found = threads_.find(id);
  if (found == threads_.end()) return;
  if (found->second.on_ns) leave_cpu(id, found->second, r.h.ts_ns, 0, true);
  flush(found->second, ~0ULL, "");
  threads_.erase(found);
}

void TimelineBuilder::route(const wp_delivery& r) {
  if (!(r.flags & WP_DELIVERY_LISTENER)) unread(r.cookie, r.h.ts_ns, r.unread);
  if (detailed_ || r.level != WP_LEVEL_softirq || !r.softirq_ns) return;
  Cpu& here = cpu(r.h.cpu);
  if (here.softirq_ns != r.softirq_ns) {
    end_softirq(r.h.cpu, here);
    here.softirq_ns = r.softirq_ns;
    if (r.irq_ns && r.irq_ns <= r.softirq_ns) {
      TimelineSlice s;
      s.lane = Lane::kCpuIrq, s.kind = SliceKind::kIrq, s.a = r.irq, s.key = r.h.cpu;
      s.begin_ns = s.end_ns = r.irq_ns;
      s.end_seen = false;
      put(s, names_.get(WP_NAME_irq, r.irq));
    }
  }
  here.delivered_ns = r.h.ts_ns;
}

void TimelineBuilder::end_softirq(std::uint32_t number, Cpu& here) {
  if (!here.softirq_ns) return;
  TimelineSlice s;
  s.lane = Lane::kCpuSoftirq;
  s.kind = SliceKind::kSoftirq;
  s.key = number;
  s.begin_ns = here.softirq_ns;
  s.end_ns = here.delivered_ns;
  s.end_seen = false;
  s.a = 3;
  put(s, "NET_RX");
  here.softirq_ns = 0;
}

void TimelineBuilder::unread(std::uint64_t cookie, std::uint64_t at_ns, std::uint32_t now) {
  Socket& socket = sockets_[cookie];
  if (socket.since_ns && socket.unread) {
    TimelineSlice s;
    s.lane = Lane::kSocketUnread;
    s.kind = SliceKind::kUnread;
    s.key = cookie;
    s.begin_ns = socket.since_ns;
    s.end_ns = at_ns;
    s.a = socket.unread;
    put(s, "unread");
  }
  socket.since_ns = at_ns;
  socket.unread = now;
}

void TimelineBuilder::route(const wp_sock_state& r) {
  if (r.to != kTcpClose || !sockets_.contains(r.cookie)) return;
  unread(r.cookie, r.h.ts_ns, 0);
  sockets_.erase(r.cookie);
}

// Who runs after a loss is not known until the next switch.
void TimelineBuilder::route(const event::Loss& loss) {
  for (auto& [number, state] : cpus_) {
    if (loss.cpu != event::Loss::kAllCpus && loss.cpu != number) continue;
    if (!state.known) continue;
    if (state.tid) end_switch_slice(number, state, std::max(state.since_ns, loss.from_ns), 0, false);
    state.known = false;
    state.name = "records were lost";
    state.since_ns = std::max(state.since_ns, loss.from_ns);
  }
}

void TimelineBuilder::end() {
  for (auto& [id, thread] : threads_) {
    if (thread.on_ns) leave_cpu(id, thread, std::max(last_ns_, thread.on_ns), 0, false);
    flush(thread, ~0ULL, "");
  }
  for (auto& [number, state] : cpus_) {
    end_softirq(number, state);
    if (detailed_ && state.known && state.tid) end_switch_slice(number, state, last_ns_, 0, false);
  }
  for (auto& [cookie, socket] : sockets_)
    if (socket.unread) unread(cookie, std::max(last_ns_, socket.since_ns), 0);
}

}  // namespace wp::reconstruct
