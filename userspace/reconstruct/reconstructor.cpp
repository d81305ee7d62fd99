// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/reconstruct/reconstructor.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "userspace/reconstruct/path_builder.hpp"

namespace wp::reconstruct {

using model::Reason;
using model::Seen;
using model::Stage;

namespace {

constexpr std::uint32_t kTcpEstablished = 1, kTcpSynSent = 2, kTcpClose = 7;
constexpr std::size_t kGapsKept = 4096;
constexpr std::int64_t kAgain = -11;
constexpr std::uint32_t kMsgPeek = 2;

const char* loss_name(event::Loss::Why why) {
  switch (why) {
    case event::Loss::Why::kRingFull: return "the ring was full";
    case event::Loss::Why::kDamaged: return "the recording is damaged here";
    case event::Loss::Why::kUndecodable: return "the record can't be decoded";
    case event::Loss::Why::kLate: return "the record came too late to be sorted";
  }
  return "unknown";
}

}  // namespace

void Reconstructor::on(const event::Event& event) {
  ++summary_.events;
  std::visit(
      [this](const auto& e) {
        if constexpr (requires { e.h; }) note_time(e.h);
        route(e);
      },
      event);
}

void Reconstructor::note_time(const wp_header& h) {
  if (h.kind >= WP_KIND_first_of_collector || h.kind == WP_KIND_name) return;  // not something that happened
  if (!summary_.first_ns) summary_.first_ns = h.ts_ns;
  if (h.ts_ns < summary_.last_ns)
    ++summary_.clock_regressions;
  else
    summary_.last_ns = h.ts_ns;
}

void Reconstructor::route(const event::Loss& loss) {
  --summary_.events;  // it is none
  summary_.events_lost += loss.count;
  if (loss.why == event::Loss::Why::kDamaged) ++summary_.damaged_blocks;
  if (summary_.gaps.size() < kGapsKept)
    summary_.gaps.push_back({loss.cpu, loss.from_ns, loss.to_ns, loss.count, loss_name(loss.why)});
  gaps_.push_back(loss);
  if (gaps_.size() > kGapsKept) gaps_.pop_front();
}

void Reconstructor::route(const wp_delivery& r) {
  sockets_.on(r);
  if (!(r.flags & WP_DELIVERY_LISTENER)) ++summary_.deliveries;
  if (r.w_flags & WP_WITNESS_WAITING) ++summary_.deliveries_by_mechanism[names_.symbol(r.w_func)];
  if (SocketState* socket = sockets_.find(r.cookie); socket && !socket->early_reads.empty()) join_early_reads(*socket);
}

void Reconstructor::route(const wp_run& r) {
  const Gap& gap = tasks_.on(r);
  switches_unseen_ += gap.on_unseen;
  if (!gap.slept() || !gap.waking_ns) return;
  ++summary_.wakes;
  summary_.wakes_by_delivery += gap.woken_by != 0;
}

void Reconstructor::route(const wp_wait_call& r) {
  tasks_.on(r);
  ++summary_.waits;
  summary_.empty_waits += r.ret == 0;
  summary_.slept_waits += r.slept;
}

void Reconstructor::route(const wp_read_call& r) {
  if (r.file_kind == WP_FILE_pipe) {
    if (r.ret <= 0) return;
    ++summary_.reads;
    model::Path path = build_pipe_path(r, tasks_.get({r.tid, r.start_ns}, r.pid), names_);
    close_without_reply(path, Reason::kNoReply);
    emit(path);
    return;
  }
  if (!r.cookie) return;
  if (r.ret == kAgain || r.ret < 0) {
    ++summary_.empty_reads;
    return;
  }
  read_socket(sockets_.get(r.cookie), r);
}

void Reconstructor::read_socket(SocketState& socket, const wp_read_call& r) {
  const bool peek = r.msg_flags & kMsgPeek;
  if (r.end == r.begin) {
    summary_.eof_reads += r.ret == 0;
    if (!peek) SocketTracker::consume(socket, r.end);
    return;
  }
  ++summary_.reads;
  if (!peek) release(socket, [](model::Path& path) { close_without_reply(path, Reason::kNoReply); });
  const std::vector<Taken> parts = SocketTracker::taken_by(socket, r);
  const bool announced_later = socket.socket.protocol != 6 && parts.size() == 1 && !parts[0].delivery &&
                               socket.socket.known && r.begin >= socket.known_since && !peek;
  if (announced_later) {
    socket.early_reads.push_back(r);
    return;
  }
  add_parts(socket, r, parts);
}

// UDP and Unix sockets queue a packet and then announce it: a reader that was awake may be in between.
void Reconstructor::join_early_reads(SocketState& socket) {
  const wp_read_call r = socket.early_reads.front();
  const std::vector<Taken> parts = SocketTracker::taken_by(socket, r);
  if (parts.empty() || !parts[0].delivery) return;
  socket.early_reads.pop_front();
  add_parts(socket, r, parts);
}

void Reconstructor::add_parts(SocketState& socket, const wp_read_call& r, const std::vector<Taken>& parts) {
  const TaskState& reader = tasks_.get({r.tid, r.start_ns}, r.pid);
  for (const Taken& part : parts) {
    model::Path path = build_path(part, r, socket, reader, tasks_, names_, !gaps_.empty());
    path.deliveries_of_read = static_cast<std::uint32_t>(parts.size());
    if (r.flags & WP_READ_UNSURE) {
      model::StagePoint& copied = path.at(Stage::kCopied);
      copied.seen = Seen::kInferred;
      copied.why = Reason::kOverlappingReads;
    }
    if (!path.peek) {
      path.accept_queue_ns = socket.accept_queue_ns;
      socket.accept_queue_ns.reset();
      socket.held.push_back(std::move(path));
    } else {
      close_without_reply(path, Reason::kNoReply);
      emit(path);
    }
  }
  if (!(r.msg_flags & kMsgPeek)) SocketTracker::consume(socket, r.end);
}

void Reconstructor::route(const wp_send_call& r) {
  ++summary_.sends;
  SocketState* socket = r.cookie && r.ret > 0 ? sockets_.find(r.cookie) : nullptr;
  if (!socket || socket->held.empty()) return;
  // A call that began before the read ended answers something else.
  if (r.enter_ns < socket->held.front().at(Stage::kDone).ts_ns) return;
  release(*socket, [&r](model::Path& path) { add_reply(path, r); });
}

void Reconstructor::route(const wp_accept_call& r) {
  if (r.ret < 0) return;
  ++summary_.accepts;
  SocketState* socket = r.cookie ? sockets_.find(r.cookie) : nullptr;
  if (socket && socket->established_ns && socket->established_ns <= r.h.ts_ns)
    socket->accept_queue_ns = r.h.ts_ns - socket->established_ns;
}

void Reconstructor::route(const wp_sock_state& r) {
  if (r.to == kTcpEstablished && r.from != kTcpSynSent) sockets_.get(r.cookie).established_ns = r.h.ts_ns;
  if (r.to != kTcpClose) return;
  SocketState* socket = sockets_.find(r.cookie);
  if (!socket) return;
  release(*socket, [](model::Path& path) { close_without_reply(path, Reason::kNoReply); });
  summary_.deliveries_unread += static_cast<std::uint64_t>(std::count_if(
      socket->unread.begin(), socket->unread.end(), [](const Delivery& d) { return d.data_end() > d.record.begin; }));
  sockets_.forget(r.cookie);
}

void Reconstructor::route(const wp_drop& r) {
  ++summary_.drops;
  const std::string& reason = names_.get(WP_NAME_drop_reason, r.reason);
  ++summary_.drop_reasons[r.hook == WP_HOOK_drop__rcvqueue_full ? "receive buffer full"
                          : reason.empty()                      ? std::to_string(r.reason)
                                                                : reason];
}

void Reconstructor::release(SocketState& socket, const std::function<void(model::Path&)>& finish) {
  for (model::Path& path : socket.held) {
    finish(path);
    emit(path);
  }
  socket.held.clear();
}

// What was not seen near a gap may be what was lost: then it is unknown, not "not needed".
void Reconstructor::mark_loss(model::Path& path) const {
  if (gaps_.empty()) return;
  std::uint64_t first = 0;
  for (const auto& point : path.stages)
    if (point.has_time() && (!first || point.ts_ns < first)) first = point.ts_ns;
  const std::uint64_t last = path.at(Stage::kDone).ts_ns;
  path.loss_nearby = std::any_of(gaps_.rbegin(), gaps_.rend(),
                                 [&](const event::Loss& gap) { return gap.from_ns <= last && gap.to_ns >= first; });
  if (!path.loss_nearby || path.wake.needed) return;
  path.wake.certainty = Seen::kUnknown;
  path.wake.why = Reason::kLost;
  for (const Stage stage : {Stage::kWaking, Stage::kRunnable, Stage::kRunning, Stage::kReturned})
    if (path.at(stage).seen == Seen::kNotNeeded) path.at(stage) = {Seen::kUnknown, Reason::kLost, 0, -1};
}

void Reconstructor::emit(model::Path& path) {
  path.id = ++last_id_;
  mark_loss(path);
  ++summary_.paths;
  summary_.complete += model::is_complete(path);
  sink_(path);
}

void Reconstructor::end() {
  for (SocketState* socket : sockets_.all()) {
    for (const wp_read_call& r : std::exchange(socket->early_reads, {})) add_parts(*socket, r, SocketTracker::taken_by(*socket, r));
    release(*socket, [](model::Path& path) { close_without_reply(path, Reason::kStillOpen); });
    summary_.deliveries_unread += static_cast<std::uint64_t>(std::count_if(
        socket->unread.begin(), socket->unread.end(), [](const Delivery& d) { return d.data_end() > d.record.begin; }));
  }
  summary_.tasks = tasks_.everyone();
  check_books();
}

std::map<std::uint32_t, model::HookUse> Reconstructor::hook_counts() const {
  std::map<std::uint32_t, model::HookUse> hooks;
  for (const auto& [key, c] : counters_) {
    model::HookUse& h = hooks[key.first];
    h.fired += c.fired;
    h.self += c.self;
    h.filtered += c.filtered;
    h.noted += c.noted;
    h.map_full += c.map_full;
    h.ring_full += c.ring_full;
    h.submitted += c.submitted;
  }
  return hooks;
}

void Reconstructor::check_books() {
  using Severity = model::Diagnostic::Severity;
  std::uint64_t unbalanced = 0, submitted = 0, received = 0, ring_full = 0, map_full = 0;
  for (const auto& [hook, h] : hook_counts()) {
    unbalanced += h.fired != h.self + h.filtered + h.noted + h.map_full + h.ring_full + h.submitted;
    submitted += h.submitted;
    ring_full += h.ring_full;
    map_full += h.map_full;
  }
  for (const auto& [cpu, ring] : rings_) received += ring.received;
  const auto add = [&](const char* name, Severity severity, std::uint64_t count, const char* sentence) {
    if (count) summary_.diagnostics.push_back({name, severity, count, sentence});
  };
  add("books_unbalanced", Severity::kNotice, unbalanced, "hooks whose counters do not add up: the recording was not closed");
  add("not_received", Severity::kDataLoss, submitted > received ? submitted - received : 0,
      "records were submitted but not yet received when the recording ended");
  add("ring_full", Severity::kDataLoss, ring_full, "records found no room in their ring; record with a larger --ring");
  add("map_full", Severity::kDataLoss, map_full, "tasks or sockets could not be watched for want of memory");
  add("clock_regressions", Severity::kNotice, summary_.clock_regressions, "events were older than one before them");
  add("switches_unseen", Severity::kNotice, switches_unseen_,
      "tasks were found running without a switch having been reported: when they got their CPU is not known");
  add("unread_forgotten", Severity::kNotice, sockets_.forgotten(), "deliveries that nobody who is watched reads");
  summary_.events_lost = std::max(summary_.events_lost, ring_full);
}

}  // namespace wp::reconstruct
