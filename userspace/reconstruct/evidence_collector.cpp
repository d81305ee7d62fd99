// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/reconstruct/evidence_collector.hpp"

#include <algorithm>
#include <variant>

namespace wp::reconstruct {

using model::Reason;

namespace {

constexpr std::int64_t kAgain = -11;
constexpr std::uint32_t kTcpClose = 7, kTcpListen = 10;
constexpr std::uint64_t kStaleNs = 1'000'000'000;
constexpr std::uint64_t kSpinningCalls = 8;  // more than draining a socket to EAGAIN takes
constexpr std::size_t kSocketsKept = 1U << 20U;
constexpr std::uint16_t kAfUnix = 1;

bool watches_descriptors(const std::string& call) {
  return call.starts_with("epoll") || call.find("poll") != std::string::npos ||
         call.find("select") != std::string::npos;
}

bool is_sleep(const wp_run& r) { return r.off_state != 0 || (!r.off_ns && r.waking_ns); }

// What a counter that is kept modulo 2^32 has grown by; one that went back by a few grew by nothing.
std::uint32_t growth(std::uint32_t to, std::uint32_t from) {
  return static_cast<std::int32_t>(to - from) > 0 ? to - from : 0U;
}

}  // namespace

void EvidenceCollector::on(const event::Event& event) {
  std::visit(
      [this](const auto& e) {
        if constexpr (requires { e.h; }) {
          if (e.h.kind < WP_KIND_first_of_collector && e.h.kind != WP_KIND_name) {
            if (!evidence_.from_ns) evidence_.from_ns = e.h.ts_ns;
            evidence_.to_ns = std::max<std::uint64_t>(evidence_.to_ns, e.h.ts_ns);
          }
        }
        route(e);
      },
      event);
}

std::string EvidenceCollector::call_name(std::uint32_t nr_plus_one) const {
  if (!nr_plus_one) return {};
  const std::string& name = names_.get(WP_NAME_syscall, nr_plus_one - 1);
  return name.empty() ? "system call " + std::to_string(nr_plus_one - 1) : name;
}

EvidenceCollector::Thread& EvidenceCollector::thread(std::uint32_t tid, std::uint64_t start_ns, std::uint32_t pid,
                                                     std::uint64_t ns) {
  Thread& t = threads_[{tid, start_ns}];
  if (!t.e.task.id.tid) {
    t.e.task.id = {tid, start_ns};
    t.e.task.pid = pid;
    t.e.from_ns = t.told_ns = ns;
    quiet(pid).begin(ns);
  }
  t.e.to_ns = std::max(t.e.to_ns, ns);
  return t;
}

void EvidenceCollector::arrival(std::uint32_t pid, std::uint64_t ns) {
  if (pid) quiet(pid).on_arrival(ns);
}

void EvidenceCollector::route(const wp_task& r) {
  Thread& t = thread(r.tid, r.start_ns, r.pid, r.h.ts_ns);
  t.e.task.ppid = r.ppid;
  t.e.task.comm = text_of(r.comm);
  if (r.why == WP_WHY_fork) t.on_ns = 0;
}

void EvidenceCollector::route(const wp_delivery& r) {
  Socket& s = sockets_[r.cookie];
  arrival(s.pid, r.h.ts_ns);
  const auto waiter = threads_.find({r.w_tid, r.w_start_ns});
  if (r.w_tid && waiter != threads_.end()) {
    Thread& t = waiter->second;
    arrival(t.e.task.pid, r.h.ts_ns);
    if ((r.flags & WP_DELIVERY_LISTENER) && (r.w_flags & WP_WITNESS_WAITING) && !t.awaits_connection) {
      t.awaits_connection = true;
      t.awaited_cpu = r.h.cpu;
      t.awaited_seq = r.h.seq;
      t.awaited_how = static_cast<model::Mechanism>(r.w_mech);
    }
  }
  const bool only_fin = (r.flags & WP_DELIVERY_FIN) && r.end - r.begin <= 1;
  if (!(r.flags & WP_DELIVERY_LISTENER) && !only_fin && !s.unread_since_ns) s.unread_since_ns = r.h.ts_ns;
}

template <typename Record>
void EvidenceCollector::add_left_out(Thread& t, const Record& r) {
  if (t.counted) {
    const std::uint32_t empty = growth(r.empty_waits, t.left_out.empty_waits);
    const std::uint32_t ready = growth(r.ready_waits, t.left_out.ready_waits);
    const std::uint32_t reads = growth(r.empty_reads, t.left_out.empty_reads);
    t.e.empty_waits += empty;
    t.e.ready_waits += ready;
    t.e.waits += empty + ready;
    t.e.empty_reads += reads;
    t.e.barren += empty + ready + reads;
    t.turn_barren += empty + ready + reads;
    t.probes += empty + reads;
    t.e.calls += growth(r.calls, t.calls);
    t.e.yields += growth(r.yields, t.yields);
  }
  t.counted = true;
  t.left_out = {r.empty_waits, r.ready_waits, r.empty_reads};
  t.calls = r.calls;
  t.yields = r.yields;
}

void EvidenceCollector::add_time(Thread& t, const wp_run& r) {
  const QuietStretches& q = quiet(t.e.task.pid);
  const std::uint64_t on = r.h.ts_ns, told = t.told_ns;
  std::uint64_t off = told;
  if (r.off_ns > told) {
    t.time.add(ThreadTime::State::kRun, told, r.off_ns, q);
    off = r.off_ns;
  }
  if (is_sleep(r)) {
    const std::uint64_t waking = r.waking_ns ? std::max<std::uint64_t>(r.waking_ns, off) : on;
    t.time.add(ThreadTime::State::kSleep, off, waking, q);
    t.time.add(ThreadTime::State::kQueue, waking, on, q);
  } else if (r.off_ns) {
    t.time.add(ThreadTime::State::kQueue, off, on, q);
    if (t.progress_ns && t.progress_ns < off) t.preempted_ns += on - off;
  } else if (t.on_ns) {
    t.time.add(ThreadTime::State::kRun, off, on, q);
  }
  t.told_ns = t.on_ns = on;
}

void EvidenceCollector::end_turn(Thread& t, std::uint64_t off_ns) {
  if (!t.in_turn) return;
  model::ThreadEvidence& e = t.e;
  ++e.turns;
  if (t.tick) {
    ++e.ticks;
    if (!t.bore) {
      ++e.ticks_barren;
      e.ticks_probing += t.probes > 0;
      e.ticks_timed_out += t.timed_out;
    }
  }
  if (t.by_socket) {
    ++e.socket_turns;
    e.socket_turns_empty += !t.bore && t.probes > 0;
  }
  if (t.bore) {
    e.turns_spinning += t.turn_barren >= kSpinningCalls;
    if (t.progress_ns && off_ns > t.progress_ns + t.preempted_ns)
      e.spin_ns.add(off_ns - t.progress_ns - t.preempted_ns);
  }
}

void EvidenceCollector::begin_turn(Thread& t, const wp_run& r) {
  t.in_turn = true;
  t.tick = t.timed_out = t.by_socket = t.bore = false;
  t.probes = t.turn_barren = t.progress_ns = t.preempted_ns = 0;
  ++t.e.sleeps_in[r.off_nr ? call_name(r.off_nr) : "not known"];
  if (r.wake_delivery) {
    ++t.e.wakes.socket;
    t.by_socket = true;
    count_woken(delivery_id(r.wake_cpu, r.wake_delivery));
  } else if (r.wake_level == WP_LEVEL_hardirq) {
    ++t.e.wakes.timer;
    t.tick = true;
  } else if (r.wake_level == WP_LEVEL_task) {
    ++t.e.wakes.task;
  } else {
    ++t.e.wakes.other;
  }
  if (t.tick) {
    if (t.last_tick_ns && r.waking_ns > t.last_tick_ns) t.e.tick_period_ns.add(r.waking_ns - t.last_tick_ns);
    t.last_tick_ns = r.waking_ns;
  }
  if (!t.awaits_connection) return;
  t.awaits_connection = false;
  ++t.e.arrivals;
  ++t.e.arrivals_asleep;
  if (r.wake_cpu == t.awaited_cpu && r.wake_delivery == t.awaited_seq) {
    ++t.e.arrivals_woke;
    ++t.e.woke_by[t.awaited_how];
  }
}

void EvidenceCollector::count_woken(DeliveryId id) {
  Woken& woken = woken_[delivery_slot(id)];
  if (woken.by != id) woken = {id, 0};
  ++woken.tasks;
  evidence_.waking_deliveries += woken.tasks == 1;
  evidence_.herds += woken.tasks == 2;
}

void EvidenceCollector::route(const wp_run& r) {
  Thread& t = thread(r.tid, r.start_ns, r.pid, r.h.ts_ns);
  add_left_out(t, r);
  add_time(t, r);
  if (!is_sleep(r) || !r.waking_ns) return;
  end_turn(t, r.off_ns);
  begin_turn(t, r);
}

void EvidenceCollector::route(const wp_wait_call& r) {
  Thread& t = thread(r.tid, r.start_ns, r.pid, r.h.ts_ns);
  const std::string call = call_name(r.nr + 1U);
  const bool watches = watches_descriptors(call) && r.watched;
  ++t.e.waits_by_call[call];
  ++t.e.waits;
  t.e.slept_waits += r.slept != 0;
  t.e.waits_zero_timeout += r.timeout_ns == 0 && watches;
  if (r.slept) {
    if (r.ret == 0 && watches) {
      ++t.e.timeouts_by_call[call];
      t.timed_out = true;
    }
    return;
  }
  if (r.ret > 0) {
    ++t.e.ready_waits;
  } else if (r.ret == 0 && watches) {
    ++t.e.empty_waits;
    ++t.e.barren;
    ++t.turn_barren;
    ++t.probes;
  }
}

void EvidenceCollector::progress(Thread& t, std::uint64_t ns) {
  t.bore = true;
  t.progress_ns = ns;
  t.preempted_ns = 0;
  arrival(t.e.task.pid, ns);
}

void EvidenceCollector::serves(Thread& t, std::uint64_t cookie, std::uint64_t ns) {
  if (t.sockets.size() < kSocketsKept) t.sockets.emplace(cookie, ns);
}

void EvidenceCollector::route(const wp_read_call& r) {
  Thread& t = thread(r.tid, r.start_ns, r.pid, r.h.ts_ns);
  if (r.ret == kAgain && !(r.flags & WP_READ_SLEPT)) {
    ++t.e.empty_reads;
    ++t.e.barren;
    ++t.probes;
    ++t.turn_barren;
    return;
  }
  if (!r.cookie) return;
  Socket& s = sockets_[r.cookie];
  if (r.ret == 0) {  // the peer's end was found: that is something, too
    t.bore = true;
    s.unread_since_ns = 0;
    return;
  }
  if (r.ret < 0) return;
  ++t.e.reads;
  s.pid = r.pid;
  s.reader = t.e.task.id;
  s.unread_since_ns = r.unread ? r.h.ts_ns : 0;
  progress(t, r.h.ts_ns);
  serves(t, r.cookie, r.h.ts_ns);
}

void EvidenceCollector::route(const wp_send_call& r) {
  Thread& t = thread(r.tid, r.start_ns, r.pid, r.h.ts_ns);
  if (r.ret <= 0) return;
  ++t.e.sends;
  t.progress_ns = r.h.ts_ns;
  t.preempted_ns = 0;
  arrival(r.pid, r.h.ts_ns);
}

void EvidenceCollector::route(const wp_accept_call& r) {
  Thread& t = thread(r.tid, r.start_ns, r.pid, r.h.ts_ns);
  if (r.ret < 0) {
    if (r.ret == kAgain && !r.slept) {
      ++t.e.empty_reads;
      ++t.e.barren;
      ++t.probes;
      ++t.turn_barren;
    }
    return;
  }
  ++t.e.accepts;
  progress(t, r.h.ts_ns);
  if (!r.cookie) return;
  Socket& s = sockets_[r.cookie];
  s.accepted = true;
  s.pid = r.pid;
}

void EvidenceCollector::route(const wp_socket& r) {
  Socket& s = sockets_[r.cookie];
  if (!s.open_ns && r.why != WP_WHY_start) s.open_ns = r.h.ts_ns;
  s.listener = r.listener;
  s.local_port = r.local_port;
  s.listens |= r.state == kTcpListen && r.family != kAfUnix;
  s.datagram = r.type == 2;
}

void EvidenceCollector::route(const wp_sock_state& r) {
  Socket& s = sockets_[r.cookie];
  s.listens |= r.to == kTcpListen;
  if (r.to != kTcpClose) return;
  s.close_ns = r.h.ts_ns;
  s.unread_since_ns = 0;
}

void EvidenceCollector::route(const wp_usage& r) {
  Thread& t = thread(r.tid, r.start_ns, r.pid, r.h.ts_ns);
  add_left_out(t, r);
  if (!t.first_usage.h.ts_ns) t.first_usage = r;
  t.last_usage = r;
}

void EvidenceCollector::route(const wp_task_exit& r) {
  Thread& t = thread(r.tid, r.start_ns, r.pid, r.h.ts_ns);
  t.time.add(ThreadTime::State::kRun, t.told_ns, r.h.ts_ns, quiet(r.pid));
  t.told_ns = r.h.ts_ns;
  t.last_usage = {};
}

// A dispatcher: the data woke it, and it left the reading to another.
void EvidenceCollector::handed_over(const model::Path& path) {
  const auto found = threads_.find(path.wake.woken);
  if (found == threads_.end()) return;
  model::ThreadEvidence& e = found->second.e;
  ++e.arrivals;
  ++e.arrivals_asleep;
  ++e.arrivals_woke;
  ++e.woke_by[path.wake.mechanism];
}

void EvidenceCollector::on_path(const model::Path& path) {
  const auto found = threads_.find(path.task.id);
  if (path.peek || found == threads_.end() || !path.socket.cookie) return;
  if (path.wake.why == Reason::kHandedOver) handed_over(path);
  Thread& t = found->second;
  model::ThreadEvidence& e = t.e;
  const model::Exhibit exhibit{path.id, path.at(model::Stage::kQueued).ts_ns, model::total_ns(path).value_or(0)};
  ++e.arrivals;
  if (exhibit.total_ns > e.worst.total_ns) e.worst = exhibit;
  if (path.wake.certainty == model::Seen::kUnknown) {
    ++e.arrivals_unknown;
  } else if (path.wake.needed && path.wake.woken == path.task.id) {
    ++e.arrivals_asleep;
    ++e.arrivals_woke;
    ++e.woke_by[path.wake.mechanism];
    if (!e.typical.path_id) e.typical = exhibit;
  } else if (path.wake.why == Reason::kBusyElsewhere) {
    ++e.arrivals_asleep;
    e.arrivals_unwatched += path.witness.empty();
    if (exhibit.total_ns >= e.contrary.total_ns) e.contrary = exhibit;
  }
}

void EvidenceCollector::close_books(Thread& t) {
  const wp_usage& u = t.last_usage;
  QuietStretches& q = quiet(t.e.task.pid);
  model::ThreadEvidence& e = t.e;
  if (u.h.ts_ns > t.told_ns) {
    std::uint64_t off = t.told_ns;
    const bool ran = t.on_ns != 0 || u.run_ns - t.first_usage.run_ns > (u.h.ts_ns - t.told_ns) / 2;
    if (u.off_ns > t.told_ns || (ran && u.off_ns <= t.on_ns)) {
      off = u.off_ns > t.told_ns ? u.off_ns : u.h.ts_ns;
      t.time.add(ThreadTime::State::kRun, t.told_ns, off, q);
    }
    t.time.add(u.state ? ThreadTime::State::kSleep : ThreadTime::State::kQueue, off, u.h.ts_ns, q);
    t.told_ns = u.h.ts_ns;
  }
  if (u.h.ts_ns > t.first_usage.h.ts_ns) e.booked_run_ns = u.run_ns - t.first_usage.run_ns;
  e.last_call = call_name(u.nr);
  t.time.settle(q);
  e.spent = t.time.all();
  e.idle = t.time.idle();
}

void EvidenceCollector::end() {
  for (auto& [pid, stretches] : quiet_) {
    stretches.on_arrival(evidence_.to_ns);
    evidence_.idle_ns[pid] = stretches.total_ns();
  }
}

void EvidenceCollector::count_sockets(Thread& t, const std::set<std::uint16_t>& ports) {
  std::vector<std::pair<std::uint64_t, int>> changes;
  for (const auto& [cookie, read_ns] : t.sockets) {
    const Socket& s = sockets_[cookie];
    if (!s.accepted && !s.listener && !ports.contains(s.local_port) && !(s.datagram && s.local_port)) continue;
    ++t.e.sockets;
    t.e.sockets_older += s.open_ns && t.e.task.id.start_ns > s.open_ns;
    changes.emplace_back(s.open_ns, 1);
    changes.emplace_back(s.close_ns ? s.close_ns : ~std::uint64_t{0}, -1);
    t.e.left_unread += s.reader == t.e.task.id && s.unread_since_ns && s.unread_since_ns + kStaleNs < evidence_.to_ns;
  }
  std::sort(changes.begin(), changes.end());
  std::uint64_t open = 0;
  for (const auto& [ns, change] : changes) {
    open += static_cast<std::uint64_t>(change);
    t.e.sockets_at_once = std::max(t.e.sockets_at_once, open);
  }
}

model::Evidence EvidenceCollector::take() {
  std::set<std::uint16_t> listened_at;
  for (const auto& [cookie, s] : sockets_)
    if (s.listens) listened_at.insert(s.local_port);
  for (auto& [id, t] : threads_) {
    close_books(t);
    count_sockets(t, listened_at);
    evidence_.threads.emplace(id, t.e);
  }
  return std::move(evidence_);
}

}  // namespace wp::reconstruct
