// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/reconstruct/reconstructor.hpp"

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

#include "userspace/reconstruct/blame.hpp"
#include "userspace/reconstruct/doubt.hpp"
#include "userspace/reconstruct/path_builder.hpp"

namespace wp::reconstruct {

using model::Reason;
using model::Seen;
using model::Stage;

namespace {

constexpr std::uint32_t kTcpEstablished = 1, kTcpSynSent = 2, kTcpClose = 7;
constexpr std::size_t kGapsKept = 4096;
constexpr std::size_t kFinishedKept = 16384;
constexpr std::size_t kEarlyReadsKept = 64;

// The entry, or where entries are not recorded the first trace of the call.
std::uint64_t begun_by(const wp_send_call& r) { return r.enter_ns ? r.enter_ns : r.xmit_ns ? r.xmit_ns : r.h.ts_ns; }
constexpr std::size_t kHeldReads = 8;  // more reads than this without a reply: the socket is not one that is answered
constexpr std::int64_t kAgain = -11;
constexpr std::uint32_t kMsgPeek = 2;

const char* loss_name(event::Loss::Why why) {
  switch (why) {
    case event::Loss::Why::kRingFull: return "the ring was full";
    case event::Loss::Why::kDamaged: return "the recording is damaged here";
    case event::Loss::Why::kUndecodable: return "the record can't be decoded";
    case event::Loss::Why::kLate: return "the record came too late to be sorted";
    case event::Loss::Why::kTail: return "nothing of this CPU follows: the ring was full, or the recording broke off";
  }
  return "unknown";
}

void join_gap(model::Gap& all, const event::Loss& loss) {
  if (all.cpu != loss.cpu) all.cpu = event::Loss::kAllCpus;
  all.from_ns = std::min(all.from_ns, loss.from_ns);
  all.to_ns = std::max(all.to_ns, loss.to_ns);
  all.count += loss.count;
  all.why = "many gaps, from here to the last";
}

}  // namespace

void Reconstructor::on(const event::Event& event) {
  ++summary_.events;
  std::visit(
      [this](const auto& e) {
        if constexpr (requires { e.h; }) {
          note_time(e.h);
          tasks_.see(e.h);
        }
        route(e);
        if constexpr (requires { activity_.on(e); }) activity_.on(e);
      },
      event);
}

void Reconstructor::note_time(const wp_header& h) {
  books_.count(h);
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
  else
    join_gap(summary_.gaps.back(), loss);
  gaps_.push_back(loss);
  if (gaps_.size() <= kGapsKept) return;
  // Too many to tell apart: the two oldest become one that covers both.
  gaps_[1].from_ns = std::min(gaps_[0].from_ns, gaps_[1].from_ns);
  gaps_[1].to_ns = std::max(gaps_[0].to_ns, gaps_[1].to_ns);
  gaps_.pop_front();
}

void Reconstructor::route(const wp_watermark&) {
  if (!books_.has_rings()) pass_on_older();
}

void Reconstructor::route(const wp_ring& r) {
  books_.on(r);
  if (r.of_cpu == 0) pass_on_older();
}

void Reconstructor::route(const wp_socket& r) {
  sockets_.on(r);
  forget_surplus();
}

void Reconstructor::route(const wp_delivery& r) {
  sockets_.on(r);
  forget_surplus();
  if (!(r.flags & WP_DELIVERY_LISTENER)) ++summary_.deliveries;
  if (r.w_flags & WP_WITNESS_WAITING) count_witness(names_.symbol(r.w_func));
  if (SocketState* socket = sockets_.find(r.cookie); socket && !socket->early_reads.empty()) join_early_reads(*socket);
}

void Reconstructor::count_witness(model::Name func) {
  if (!latest_witness_.count || latest_witness_.func != func)
    latest_witness_ = {func, &summary_.deliveries_by_mechanism[func]};
  ++*latest_witness_.count;
}

template <typename Record>
void Reconstructor::add_left_out(const Record& r) {
  const LeftOut more = tasks_.left_out_since(r);
  summary_.waits += more.empty_waits + more.ready_waits;
  summary_.empty_waits += more.empty_waits;
  summary_.empty_reads += more.empty_reads;
}

void Reconstructor::route(const wp_usage& r) { add_left_out(r); }

void Reconstructor::route(const wp_run& r) {
  add_left_out(r);
  const Gap& gap = tasks_.on(r, sockets_.cookie_of(delivery_id(r.wake_cpu, r.wake_delivery)));
  cpus_.on(r);
  switches_unseen_ += gap.on_unseen;
  if (!gap.slept() || !gap.waking_ns) return;
  ++summary_.wakes;
  summary_.wakes_by_delivery += gap.woken_by != 0;
}

void Reconstructor::route(const wp_wait_call& r) {
  tasks_.on(tasks_.entered(r), names_.get(WP_NAME_syscall, r.nr).str().ends_with("nanosleep"));
  ++summary_.waits;
  summary_.empty_waits += r.ret == 0;
  summary_.slept_waits += r.slept;
}

void Reconstructor::route(const wp_read_call& record) {
  const ReadCall r = tasks_.entered(record);
  if (r.file_kind == WP_FILE_pipe) {
    if (r.ret <= 0) return;
    ++summary_.reads;
    const TaskState& reader = tasks_.get({r.tid, r.start_ns}, r.pid);
    PathPtr path = paths_.take();
    build_pipe_path(*path, r, reader, names_);
    close_without_reply(*path, Reason::kNoReply);
    blame(*path, reader, nullptr, 0);
    emit(std::move(path));
    return;
  }
  if (!r.cookie) return;
  if (r.ret == kAgain || r.ret < 0) {
    ++summary_.empty_reads;
    return;
  }
  if (r.end == r.begin && !sockets_.find(r.cookie)) {  // the end of one that was closed and forgotten
    summary_.eof_reads += r.ret == 0;
    return;
  }
  SocketState& socket = sockets_.get(r.cookie);
  if (r.end != r.begin) tasks_.on(r);
  read_socket(socket, r);
  if (socket.closed && !socket.deliveries_unread()) {
    give_up(socket, Reason::kNoReply);
    sockets_.forget(r.cookie);
  }
  forget_surplus();
}

void Reconstructor::read_socket(SocketState& socket, const ReadCall& r) {
  const bool peek = r.msg_flags & kMsgPeek;
  if (r.end == r.begin) {
    summary_.eof_reads += r.ret == 0;
    if (!peek) SocketTracker::consume(socket, r.end);
    return;
  }
  ++summary_.reads;
  if (!peek && (!socket.replies.empty() || socket.held_reads >= kHeldReads)) settle_replies(socket, Reason::kNoReply);
  SocketTracker::taken_by(socket, r, parts_);
  const bool announced_later = socket.socket.protocol != 6 && parts_.size() == 1 && !parts_[0].delivery &&
                               socket.socket.known && r.begin >= socket.known_since && !peek;
  if (announced_later) {
    socket.early_reads.push_back({r, std::nullopt});
    if (socket.early_reads.size() <= kEarlyReadsKept) return;
    const EarlyRead oldest = socket.early_reads.front();
    socket.early_reads.erase(socket.early_reads.begin());
    return add_early(socket, oldest);
  }
  add_parts(socket, r);
}

// UDP and Unix sockets queue a packet and then announce it: a reader that was awake may be in between.
void Reconstructor::join_early_reads(SocketState& socket) {
  if (socket.unread.empty()) return;
  const std::uint64_t begin = socket.unread.back().record.begin, end = socket.unread.back().data_end();
  const auto read = std::find_if(socket.early_reads.begin(), socket.early_reads.end(), [&](const EarlyRead& early) {
    return early.read.begin < end && begin < early.read.end;
  });
  if (read == socket.early_reads.end()) return;
  const EarlyRead early = *read;
  socket.early_reads.erase(read);
  add_early(socket, early);
}

void Reconstructor::add_early(SocketState& socket, const EarlyRead& early) {
  SocketTracker::taken_by(socket, early.read, parts_);
  add_parts(socket, early.read);
  if (!early.reply) return;
  const std::uint64_t id = delivery_id(early.read.h.cpu, early.read.h.seq);
  const auto mine = std::stable_partition(socket.held.begin(), socket.held.end(),
                                          [id](const PathPtr& path) { return path->read_id != id; });
  for (auto path = mine; path != socket.held.end(); ++path) {
    add_reply(**path, *early.reply);
    emit(std::move(*path));
  }
  socket.held.erase(mine, socket.held.end());
  if (socket.held_reads) --socket.held_reads;
}

// In the order of their reads, whenever their deliveries came.
void Reconstructor::hold(SocketState& socket, PathPtr path) {
  const std::uint64_t done = path->at(Stage::kDone).ts_ns;
  auto place = socket.held.end();
  while (place != socket.held.begin() && (*std::prev(place))->at(Stage::kDone).ts_ns > done) --place;
  socket.held.insert(place, std::move(path));
}

void Reconstructor::blame(model::Path& path, const TaskState& reader, const TaskState* acceptor,
                          std::uint64_t accepted_ns) {
  assign_blame(path, {reader, tasks_, acceptor, accepted_ns, cpus_, sockets_, names_, details_.is_sampled()}, ledger_);
}

void Reconstructor::add_parts(SocketState& socket, const ReadCall& r) {
  const TaskState& reader = tasks_.get({r.tid, r.start_ns}, r.pid);
  for (const Taken& part : parts_) {
    PathPtr made = paths_.take();
    model::Path& path = *made;
    build_path(path, part, r, socket, reader, tasks_, names_, !gaps_.empty());
    path.deliveries_of_read = static_cast<std::uint32_t>(parts_.size());
    blame(path, reader, tasks_.find(socket.acceptor), socket.accepted_ns);
    if (r.flags & WP_READ_UNSURE) {
      const bool light = r.flags & WP_READ_LIGHT;
      model::StagePoint& copied = path.at(light ? Stage::kDone : r.entry_seen ? Stage::kCopied : Stage::kRead);
      copied.seen = Seen::kInferred;
      copied.why = Reason::kOverlappingReads;
    }
    if (r.flags & WP_READ_LIGHT) {
      close_without_reply(path, Reason::kNotAtThisDetail);
      emit(std::move(made));
    } else if (!path.peek) {
      path.accept_queue_ns = socket.accept_queue_ns;
      socket.accept_queue_ns.reset();
      hold(socket, std::move(made));
    } else {
      close_without_reply(path, Reason::kNoReply);
      emit(std::move(made));
    }
  }
  if (r.msg_flags & kMsgPeek) return;
  if (!(r.flags & WP_READ_LIGHT)) ++socket.held_reads;
  SocketTracker::consume(socket, r.end);
}

void Reconstructor::route(const wp_send_call& r) {
  ++summary_.sends;
  tasks_.on(r);
  SocketState* socket = r.cookie && r.ret > 0 ? sockets_.find(r.cookie) : nullptr;
  if (!socket) return;
  if (!socket->early_reads.empty()) {
    EarlyRead& early = socket->early_reads.back();
    const bool is_latest = socket->held.empty() || socket->held.back()->at(Stage::kDone).ts_ns < early.read.h.ts_ns;
    if (is_latest && !early.reply && begun_by(r) >= early.read.h.ts_ns) {
      early.reply = r;
      return;
    }
  }
  if (socket->held.empty()) return;
  // A call that began before the read ended answers something else.
  if (begun_by(r) < socket->held.front()->at(Stage::kDone).ts_ns) return;
  if (socket->held_reads == 1)
    release(*socket, [&r](model::Path& path) { add_reply(path, r); });
  else if (socket->replies.size() <= socket->held_reads)
    socket->replies.push_back(r);
}

void Reconstructor::route(const wp_accept_call& r) {
  tasks_.on(r);
  if (r.ret < 0) return;
  ++summary_.accepts;
  SocketState* socket = r.cookie ? sockets_.find(r.cookie) : nullptr;
  if (socket) {
    socket->accepted_ns = r.h.ts_ns;
    socket->acceptor = {r.tid, r.start_ns};
  }
  if (socket && socket->established_ns && socket->established_ns <= r.h.ts_ns)
    socket->accept_queue_ns = r.h.ts_ns - socket->established_ns;
}

void Reconstructor::route(const wp_sock_state& r) {
  if (r.to == kTcpEstablished && r.from != kTcpSynSent) sockets_.get(r.cookie).established_ns = r.h.ts_ns;
  if (r.to != kTcpClose) return;
  SocketState* socket = sockets_.find(r.cookie);
  if (!socket) return;
  if (socket->deliveries_unread()) {  // a half-closed connection ends before its reader comes to the data
    settle_replies(*socket, Reason::kNoReply);
    sockets_.close(*socket);
    forget_surplus();
    return;
  }
  give_up(*socket, Reason::kNoReply);
  sockets_.forget(r.cookie);
}

void Reconstructor::route(const wp_drop& r) {
  ++summary_.drops;
  const std::string& reason = names_.get(WP_NAME_drop_reason, r.reason).str();
  ++summary_.drop_reasons[r.hook == WP_HOOK_drop__rcvqueue_full ? "receive buffer full"
                          : reason.empty()                      ? std::to_string(r.reason)
                                                                : reason];
}

void Reconstructor::release(SocketState& socket, const std::function<void(model::Path&)>& finish) {
  for (PathPtr& path : socket.held) {
    finish(*path);
    emit(std::move(path));
  }
  socket.held.clear();
  socket.held_reads = 0;
  socket.replies.clear();
}

// As many replies as reads: the nth answers the nth. Else only the last read is known to have one.
void Reconstructor::settle_replies(SocketState& socket, Reason none) {
  const bool in_order = socket.replies.size() == socket.held_reads && socket.held_reads > 1;
  const std::uint64_t last = socket.held.empty() ? 0 : socket.held.back()->read_id;
  const std::vector<wp_send_call> replies = socket.replies;
  std::size_t nth = 0;
  std::uint64_t of_read = socket.held.empty() ? 0 : socket.held.front()->read_id;
  release(socket, [&](model::Path& path) {
    if (path.read_id != of_read) ++nth;
    of_read = path.read_id;
    if (in_order)
      add_reply_by_order(path, replies[std::min(nth, replies.size() - 1)]);
    else if (path.read_id != last)
      close_without_reply(path, Reason::kNoReply);
    else if (!replies.empty())
      add_reply(path, replies.front());
    else
      close_without_reply(path, none);
  });
}

void Reconstructor::give_up(SocketState& socket, Reason no_reply) {
  for (const EarlyRead& early : std::exchange(socket.early_reads, {})) add_early(socket, early);
  settle_replies(socket, no_reply);
  summary_.deliveries_unread += socket.deliveries_unread();
}

void Reconstructor::forget_surplus() {
  while (SocketState* socket = sockets_.surplus()) {
    ++sockets_given_up_;
    give_up(*socket, Reason::kHistoryTooShort);
    sockets_.forget(socket->socket.cookie);
  }
}

// What was not seen near a gap may be what was lost: then it is unknown, not "not needed".
// upto_ns: until when a reply was waited for.
void Reconstructor::mark_loss(model::Path& path, std::uint64_t upto_ns) const {
  if (gaps_.empty()) return;
  const std::uint64_t first = begin_of(path), last = path.at(Stage::kDone).ts_ns;
  const auto lost_within = [this](std::uint64_t from_ns, std::uint64_t to_ns) {
    return std::any_of(gaps_.rbegin(), gaps_.rend(),
                       [=](const event::Loss& gap) { return gap.from_ns <= to_ns && gap.to_ns >= from_ns; });
  };
  if (lost_within(last, upto_ns)) doubt_reply(path, Reason::kLost);
  path.loss_nearby = lost_within(first, last);
  if (path.loss_nearby) doubt_path(path, Reason::kLost);
}

void Reconstructor::route(const wp_detail& r) {
  if (!details_.on(r)) return;
  tasks_.forget_work();
  for (SocketState* socket : sockets_.all()) settle_replies(*socket, Reason::kDetailChanged);
}

void Reconstructor::mark_change(model::Path& path, std::uint64_t upto_ns) const {
  if (details_.all().size() < 2) return;
  const std::uint64_t first = begin_of(path), last = path.at(Stage::kDone).ts_ns;
  if (!details_.changed_within(first, upto_ns)) return;
  doubt_reply(path, Reason::kDetailChanged);
  if (details_.changed_within(first, last)) doubt_path(path, Reason::kDetailChanged);
}

// A firing the kernel left out leaves no hole in the numbers. It can only have been of a stage that was not seen.
void Reconstructor::mark_missed(model::Path& path) const {
  if (books_.missed().empty()) return;
  const std::uint64_t first = begin_of(path), last = path.at(Stage::kDone).ts_ns;
  bool is_hidden = false;
  for (const Books::Missed& missed : books_.missed()) {
    if (missed.from_ns > last || missed.to_ns < first) continue;
    const Stage stage = missed.stage;
    if (stage == Stage::kWaking || stage == Stage::kRunnable || stage == Stage::kRunning)
      is_hidden |= doubt_wake(path, Reason::kLost);
    else if (stage == Stage::kReturned && path.at(stage).why == Reason::kReadWithoutWait)
      set_unknown(path, stage, Reason::kLost), is_hidden = true;
  }
  if (!is_hidden) return;
  path.loss_nearby = true;
  blame_after_loss(path.blame, Reason::kLost);
}

void Reconstructor::emit(PathPtr path) {
  finished_.push_back({std::move(path), summary_.last_ns});
  if (finished_.size() >= kFinishedKept) pass_on_older();
}

void Reconstructor::pass_on_older() {
  for (Finished& finished : older_) {
    model::Path& path = *finished.path;
    path.id = ++last_id_;
    mark_loss(path, finished.at_ns);
    mark_missed(path);
    mark_change(path, finished.at_ns);
    ++summary_.paths;
    summary_.complete += model::is_complete(path);
    sink_(path);
    paths_.give(std::move(finished.path));
  }
  older_.clear();
  older_.swap(finished_);
}

void Reconstructor::end() {
  for (const event::Loss& tail : books_.tails()) {
    ++summary_.events;
    route(tail);
  }
  for (SocketState* socket : sockets_.all()) give_up(*socket, Reason::kStillOpen);
  pass_on_older();
  pass_on_older();
  summary_.tasks = tasks_.everyone();
  summary_.activity = activity_.finish();
  summary_.details = details_.all();
  check_books();
}

void Reconstructor::check_books() {
  using Severity = model::Diagnostic::Severity;
  summary_.books = books_.close(summary_.events_lost);
  const model::Books& books = summary_.books;
  std::uint64_t unbalanced = 0;
  for (const auto& [hook, h] : hook_counts()) unbalanced += !h.balances();
  const auto add = [&](const char* name, Severity severity, std::uint64_t count, const char* sentence) {
    if (count) summary_.diagnostics.push_back({name, severity, count, sentence});
  };
  add("books_unbalanced", Severity::kNotice, unbalanced,
      "hooks whose counters do not add up: the recording was not closed");
  add("not_received", Severity::kDataLoss, books.submitted > books.received ? books.submitted - books.received : 0,
      "records were submitted but not yet received when the recording ended");
  add("ring_full", Severity::kDataLoss, books.ring_full,
      "records found no room in their ring; record with a larger --ring");
  add("map_full", Severity::kDataLoss, books.map_full, "tasks or sockets could not be watched for want of memory");
  add("missed", Severity::kNotice, books.missed,
      "firings were left out by the kernel, in interrupts of the same hook's program; stages near them may be unknown");
  add("clock_regressions", Severity::kNotice, summary_.clock_regressions, "events were older than one before them");
  add("switches_unseen", Severity::kNotice, switches_unseen_,
      "tasks were found running without a switch having been reported: when they got their CPU is not known");
  add("sockets_forgotten", Severity::kInfo, sockets_given_up_,
      "sockets whose end is not reported, such as UDP and Unix, were forgotten, the least recently used first");
  add("unread_forgotten", Severity::kNotice, sockets_.forgotten(), "deliveries that nobody who is watched reads");
  summary_.events_lost = std::max(summary_.events_lost, books.ring_full);
}

}  // namespace wp::reconstruct
