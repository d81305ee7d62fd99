// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/reconstruct/path_builder.hpp"

#include "userspace/reconstruct/arrival.hpp"
#include "userspace/reconstruct/wake_judge.hpp"

namespace wp::reconstruct {

using model::Reason;
using model::Seen;
using model::Stage;
using model::StagePoint;

namespace {

constexpr std::uint32_t kMsgPeek = 2;

StagePoint none(Seen seen, Reason why) { return {seen, why, 0, -1}; }

constexpr StagePoint kNotRecorded{Seen::kNotApplicable, Reason::kNotAtThisDetail, 0, -1};

StagePoint observed(std::uint64_t ns, std::uint32_t cpu) {
  return {Seen::kObserved, Reason::kNone, ns, static_cast<std::int32_t>(cpu)};
}

void add_read_facts(model::Path& path, const ReadCall& read, const NameTable& names) {
  static const model::Name kIoUring = "io_uring";
  path.fd = read.fd;
  path.syscall_nr = read.nr;
  path.syscall = read.flags & WP_READ_BY_RING ? kIoUring : names.get(WP_NAME_syscall, read.nr);
  path.msg_flags = read.msg_flags;
  path.peek = read.msg_flags & kMsgPeek;
  path.read_ret = read.ret;
  path.datagram = read.flags & WP_READ_DATAGRAM;
  path.read_id = delivery_id(read.h.cpu, read.h.seq);
}

bool is_select(model::Name syscall) {
  static const model::Name kSelect = "select", kPselect6 = "pselect6";
  return syscall == kSelect || syscall == kPselect6;
}

// Whether the last wait can have told the reader of the data; ready_ns 0: when that came is not known. A wait that
// slept although the data was there did not look at this socket, unless the delivery, not yet at its end, woke it.
bool announces(const TaskState& reader, const ReadCall& read, DeliveryId delivery, std::uint64_t ready_ns) {
  const auto& wait = reader.last_wait;
  if (!wait || wait->h.ts_ns < ready_ns || wait->h.ts_ns > read.enter_ns) return false;
  if (!ready_ns) return wait->ret > 0 && !reader.slept_since(wait->h.ts_ns);
  if (wait->enter_ns <= ready_ns || !wait->slept || wait->ret <= 0) return true;
  const Gap* gap = reader.woken_by(delivery, ready_ns);
  return gap && gap->on_ns <= wait->h.ts_ns;
}

// The reader slept at the delivery, since before the recording: the call it waited in has no record.
bool began_asleep(const TaskState& reader, std::uint64_t ready_ns) {
  const Gap* gap = reader.off_cpu_at(ready_ns);
  return gap && gap->asleep_at_start() && gap->waking_ns > ready_ns;
}

// The wait that returned between the delivery and the read; ready_ns 0: the delivery is not known.
void add_returned(model::Path& path, const ReadCall& read, const TaskState& reader, DeliveryId delivery,
                  std::uint64_t ready_ns, const NameTable& names) {
  StagePoint& returned = path.at(Stage::kReturned);
  if (read.flags & WP_READ_LIGHT) {
    returned = kNotRecorded;
    return;
  }
  if (read.flags & WP_READ_BY_RING) {
    returned = none(Seen::kNotNeeded, Reason::kByRing);
    return;
  }
  if (ready_ns && read.enter_ns < ready_ns) {
    returned = none(Seen::kNotNeeded, Reason::kBlockedInRead);
    return;
  }
  if (!announces(reader, read, delivery, ready_ns)) {
    const bool unseen = ready_ns && began_asleep(reader, ready_ns);
    returned =
        unseen ? none(Seen::kUnknown, Reason::kBeforeRecording) : none(Seen::kNotNeeded, Reason::kReadWithoutWait);
    return;
  }
  const auto& wait = reader.last_wait;
  returned = observed(wait->h.ts_ns, wait->h.cpu);
  path.wait_syscall = names.get(WP_NAME_syscall, wait->nr);
  path.wait_ready = wait->ret;
}

// The record is made at the exit: where the reader was at an earlier instant, its history tells.
void add_read_stages(model::Path& path, const ReadCall& read, const TaskState& reader, std::uint64_t ready_ns) {
  if (read.flags & WP_READ_LIGHT) {  // one instant, one stage: the last there is
    path.at(Stage::kRead) = path.at(Stage::kCopied) = kNotRecorded;
    path.at(Stage::kDone) = {Seen::kInferred, Reason::kDoneWhenCopied, read.h.ts_ns,
                             static_cast<std::int32_t>(read.h.cpu)};
    return;
  }
  const auto seen_at = [&](std::uint64_t ns) {
    return StagePoint{Seen::kObserved, Reason::kNone, ns, reader.cpu_at(ns, read.h.cpu)};
  };
  if (read.flags & WP_READ_BY_RING)
    path.at(Stage::kRead) = none(Seen::kNotNeeded, Reason::kByRing);
  else if (!read.enter_ns)
    path.at(Stage::kRead) = none(Seen::kUnknown, Reason::kBeforeRecording);
  else if (ready_ns && read.enter_ns < ready_ns)
    path.at(Stage::kRead) = none(Seen::kNotNeeded, Reason::kBlockedInRead);
  else if (read.entry_seen)
    path.at(Stage::kRead) = seen_at(read.enter_ns);
  else
    path.at(Stage::kRead) = read.copied_ns ? seen_at(read.copied_ns) : kNotRecorded;
  path.at(Stage::kCopied) = read.copied_ns ? seen_at(read.copied_ns) : none(Seen::kUnknown, Reason::kHookMissing);
  // one instant is one stage: the copy is where the read is shown
  if (!read.entry_seen && path.at(Stage::kRead).has_time()) path.at(Stage::kCopied) = kNotRecorded;
  path.at(Stage::kDone) = observed(read.h.ts_ns, read.h.cpu);
}

// select and poll share pollwake; which of them it was, the reader's own call tells.
void tell_select_from_poll(model::Path& path) {
  if (!is_select(path.wait_syscall)) return;
  if (path.wake.mechanism == model::Mechanism::kPoll) path.wake.mechanism = model::Mechanism::kSelect;
  for (auto& e : path.witness)
    if (e.mechanism == model::Mechanism::kPoll && e.task == path.task.id) e.mechanism = model::Mechanism::kSelect;
}

void without_delivery(model::Path& path, const SocketState& socket, bool loss_before) {
  const bool old = socket.socket.known && path.begin < socket.known_since;
  const Reason why = old                    ? Reason::kBeforeRecording
                     : loss_before          ? Reason::kLost
                     : !socket.socket.known ? Reason::kSocketNotYetKnown
                                            : Reason::kNotAnnounced;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(Stage::kRunning); ++i)
    path.stages[i] = {Seen::kUnknown, why, 0, -1};
  path.at(Stage::kHw) = {Seen::kNotApplicable, Reason::kNoHardwareTimestamp, 0, -1};
  path.wake.why = why;
}

// The read had begun when the data came, but its task did not sleep in it.
void was_not_waiting(model::Path& path, Seen seen, Reason why) {
  for (const Stage stage : {Stage::kReturned, Stage::kRead})
    if (path.at(stage).why == Reason::kBlockedInRead) path.at(stage) = none(seen, why);
}

void no_wake(model::Path& path, Seen seen, Reason why) {
  for (const Stage stage : {Stage::kWaking, Stage::kRunnable, Stage::kRunning}) path.at(stage) = none(seen, why);
  path.wake.needed = false;
  path.wake.certainty = Seen::kObserved;
  path.wake.why = why;
}

// The reader took the data before the kernel announced it: datagrams are queued first, announced after.
void read_before_ready(model::Path& path, const ReadCall& read) {
  path.at(Stage::kQueued) = none(Seen::kNotNeeded, Reason::kReadBeforeReady);
  no_wake(path, Seen::kNotNeeded, Reason::kReadBeforeReady);
  if (!(read.flags & WP_READ_SLEPT)) was_not_waiting(path, Seen::kNotNeeded, Reason::kReadBeforeReady);
}

// The reader itself took the packet from its socket's backlog, inside this read.
bool reader_delivers(const ReadCall& read, const wp_delivery& d) {
  return (d.flags & WP_DELIVERY_BACKLOG) && d.level == WP_LEVEL_task && d.sender_tid == read.tid &&
         read.after_ns <= d.h.ts_ns;
}

void reader_also_delivers(model::Path& path, const ReadCall& read) {
  no_wake(path, Seen::kNotApplicable, Reason::kReaderAlsoDelivers);
  StagePoint& returned = path.at(Stage::kReturned);
  if (!read.entry_seen && returned.why == Reason::kReadWithoutWait)
    returned = none(Seen::kNotApplicable, Reason::kReaderAlsoDelivers);
  if (!(read.flags & WP_READ_SLEPT)) was_not_waiting(path, Seen::kNotApplicable, Reason::kReaderAlsoDelivers);
}

}  // namespace

void build_path(model::Path& path, const Taken& part, const ReadCall& read, const SocketState& socket,
                const TaskState& reader, const TaskTracker& tasks, const NameTable& names, bool loss_before) {
  path.task = reader.task;
  path.socket = socket.socket;
  path.begin = part.begin;
  path.end = part.end;
  path.part_of_delivery = part.part;
  add_read_facts(path, read, names);
  path.bytes = path.datagram && read.ret >= 0 ? static_cast<std::uint64_t>(read.ret) : part.end - part.begin;
  const std::uint64_t ready_ns = part.delivery ? part.delivery->record.h.ts_ns : 0;
  add_read_stages(path, read, reader, ready_ns);
  add_returned(path, read, reader, part.delivery ? part.delivery->id() : 0, ready_ns, names);
  if (!part.delivery) {
    without_delivery(path, socket, loss_before);
    return;
  }
  const Delivery& delivery = *part.delivery;
  path.delivery_id = delivery.id();
  path.fin = delivery.record.flags & WP_DELIVERY_FIN;
  add_arrival(path, delivery, names);
  add_witness(path, delivery, names);
  path.at(Stage::kQueued) = observed(ready_ns, delivery.record.h.cpu);
  if (read.copied_ns && read.copied_ns < ready_ns)
    read_before_ready(path, read);
  else if (reader_delivers(read, delivery.record))
    reader_also_delivers(path, read);
  else
    judge_wake(path, delivery, read, reader, tasks, loss_before);
  tell_select_from_poll(path);
}

void build_pipe_path(model::Path& path, const ReadCall& read, const TaskState& reader, const NameTable& names) {
  path.task = reader.task;
  add_read_facts(path, read, names);
  path.bytes = read.ret > 0 ? static_cast<std::uint64_t>(read.ret) : 0;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(Stage::kQueued); ++i)
    path.stages[i] = {Seen::kNotApplicable, Reason::kPipeNoSocket, 0, -1};
  const Gap* gap = reader.gaps.empty() ? nullptr : &reader.gaps.back();
  const auto& wait = reader.last_wait;
  const bool in_read = gap && gap->off_ns >= read.enter_ns;
  const bool in_wait =
      gap && wait && wait->h.ts_ns <= read.enter_ns && gap->off_ns >= wait->enter_ns && gap->on_ns <= wait->h.ts_ns;
  const bool woken = gap && gap->slept() && gap->waking_ns && (in_read || in_wait);
  if (woken) {
    path.wake.needed = true;
    path.wake.certainty = Seen::kInferred;
    path.wake.why = Reason::kWakerContext;
    path.wake.woken = reader.task.id;
    path.wake.level = gap->wake_level;
    path.wake.waker_tid = gap->waker_tid;
    path.wake.waker_comm = name_of(gap->waker_comm);
    path.wake.prev_tid = gap->prev_tid;
    path.wake.prev_comm = name_of(gap->prev_comm);
    path.at(Stage::kWaking) = {Seen::kInferred, Reason::kWakerContext, gap->waking_ns,
                               static_cast<std::int32_t>(gap->wake_cpu)};
    path.at(Stage::kRunnable) = gap->runnable_ns ? observed(gap->runnable_ns, gap->on_cpu) : kNotRecorded;
    path.at(Stage::kRunning) = observed(gap->on_ns, gap->on_cpu);
    if (gap->on_unseen)
      path.at(Stage::kRunning) = {Seen::kInferred, Reason::kSwitchNotSeen, gap->on_ns,
                                  static_cast<std::int32_t>(gap->on_cpu)};
  } else {
    path.wake.certainty = Seen::kObserved;
    path.wake.why = Reason::kNotAsleep;
    for (const Stage stage : {Stage::kWaking, Stage::kRunnable, Stage::kRunning})
      path.at(stage) = {Seen::kNotNeeded, Reason::kNotAsleep, 0, -1};
  }
  const std::uint64_t ready_ns = woken ? gap->waking_ns : 0;
  add_read_stages(path, read, reader, ready_ns);
  path.at(Stage::kCopied) = {Seen::kNotApplicable, Reason::kPipeNoSocket, 0, -1};
  add_returned(path, read, reader, 0, ready_ns, names);
}

void add_reply(model::Path& path, const wp_send_call& send) {
  path.at(Stage::kReply) = send.enter_ns ? observed(send.enter_ns, send.h.cpu) : kNotRecorded;
  if (send.flags & WP_SEND_BY_RING) path.at(Stage::kReply) = none(Seen::kNotNeeded, Reason::kByRing);
  path.at(Stage::kXmit) =
      send.xmit_ns ? observed(send.xmit_ns, send.h.cpu) : StagePoint{Seen::kUnknown, Reason::kNotInSendCall, 0, -1};
  if (path.socket.family == 1 /* AF_UNIX */)
    path.at(Stage::kXmit) = {Seen::kNotApplicable, Reason::kUnixNoNetwork, 0, -1};
  path.reply_bytes = send.ret > 0 ? static_cast<std::uint64_t>(send.ret) : 0;
}

void add_reply_by_order(model::Path& path, const wp_send_call& send) {
  add_reply(path, send);
  for (const Stage stage : {Stage::kReply, Stage::kXmit}) {
    StagePoint& point = path.at(stage);
    if (point.has_time()) point = {Seen::kInferred, Reason::kReplyOrder, point.ts_ns, point.cpu};
  }
}

void close_without_reply(model::Path& path, model::Reason why) {
  const Seen seen = why == Reason::kNoReply           ? Seen::kNotNeeded
                    : why == Reason::kNotAtThisDetail ? Seen::kNotApplicable
                                                      : Seen::kUnknown;
  path.at(Stage::kReply) = none(seen, why);
  path.at(Stage::kXmit) = path.at(Stage::kReply);
}

}  // namespace wp::reconstruct
