// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/evidence.hpp"

#include <fmt/format.h>

#include "userspace/base/text.hpp"
#include "userspace/report/format.hpp"
#include "userspace/report/words.hpp"

namespace wp::report {
namespace {

using model::Arrival;
using model::Path;
using model::Seen;
using model::Stage;

// Phrases put together with commas.
class Phrases {
 public:
  Phrases& add(const std::string& phrase) {
    if (!phrase.empty()) text_ += (text_.empty() ? "" : ", ") + phrase;
    return *this;
  }
  Phrases& add_if(bool holds, const std::string& phrase) { return holds ? add(phrase) : *this; }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string task_text(std::uint32_t tid, const std::string& comm) {
  return comm.empty() ? fmt::format("task {}", tid) : fmt::format("\"{}\" (task {})", printable(comm), tid);
}

std::string irq_text(const Arrival& arrival) {
  std::string over;
  if (arrival.irq_over == "idle") over = "interrupted the idle task";
  if (arrival.irq_over == "user") over = "interrupted user code";
  if (arrival.irq_over == "kernel") over = "interrupted kernel code";
  return Phrases().add(fmt::format("line {}", arrival.irq)).add(printable(arrival.irq_name)).add(over).text();
}

std::string raise_text(const Path& path) {
  if (path.at(Stage::kIrq).has_time() && path.arrival.softirq_how == "napi_thread")
    return fmt::format("interrupt line {} woke the NAPI thread", path.arrival.irq);
  if (path.arrival.softirq_how == "irq_thread")
    return fmt::format("by the thread of interrupt line {}'s handler", path.arrival.irq);
  if (path.arrival.softirq_how == "timer") return "in a timer's interrupt";
  if (path.at(Stage::kIrq).has_time()) return fmt::format("inside interrupt line {}", path.arrival.irq);
  if (path.arrival.sender_tid != 0) return fmt::format("by the sending task {}", path.arrival.sender_tid);
  return "NET_RX raised";
}

std::string softirq_text(const Arrival& arrival) {
  std::string how = printable(arrival.softirq_how);
  if (how == "irq_exit") how = "on return from the interrupt";
  if (how == "ksoftirqd") how = "in the ksoftirqd thread";
  if (how == "irq_thread") how = "in the thread of the interrupt's handler";
  if (how == "timer") how = "on return from a timer's interrupt";
  if (how == "inline") {
    how = arrival.sender_tid != 0 ? fmt::format("inside task {}, which sent the packet", arrival.sender_tid)
                                  : "inside the task that sent the packet";
  }
  return Phrases()
      .add(how.empty() ? "NET_RX" : "NET_RX " + how)
      .add_if(arrival.packet_index > 0, "after " + counted(arrival.packet_index, "other packet"))
      .text();
}

std::string driver_text(const Arrival& arrival) {
  std::string device =
      arrival.device.empty() ? fmt::format("interface {}", arrival.ifindex) : printable(arrival.device);
  if (!arrival.device_kind.empty()) device += " (" + printable(arrival.device_kind) + ")";
  return Phrases()
      .add_if(arrival.ifindex != 0 || !arrival.device.empty(), device)
      .add_if(arrival.queue != 0, fmt::format("queue {}", arrival.queue - 1))
      .add_if(arrival.napi_id != 0, fmt::format("NAPI {}", arrival.napi_id))
      .add_if(!arrival.driver_hook.empty(), "by " + printable(arrival.driver_hook))
      .add_if(arrival.frames > 1, fmt::format("{} frames merged", arrival.frames))
      .add_if(arrival.packet_bytes != 0, counted(arrival.packet_bytes, "byte"))
      .add_if(arrival.forwarded, "passed on by further devices")
      .text();
}

std::string queued_text(const Path& path) {
  Phrases phrases;
  phrases.add(counted(path.arrival.unread, path.datagram ? "datagram" : "byte") + " unread");
  phrases.add_if(path.arrival.backlog, "from the socket's backlog");
  phrases.add_if(path.fin, "the peer closed");
  if (path.witness.empty()) phrases.add("nobody on the wait queue");
  std::string text = phrases.text();
  for (std::size_t i = 0; i < path.witness.size(); ++i) {
    text += (i == 0 ? "; wait queue: " : "; ") + witness_text(path.witness[i]);
  }
  return text + (path.witness_cut ? "; more entries were not read" : "");
}

std::string waking_text(const Path& path) {
  const model::Wake& wake = path.wake;
  Phrases phrases;
  phrases.add(wake.mechanism == model::Mechanism::kNone
                  ? "woken"
                  : fmt::format("woken through {}", mechanism_name(wake.mechanism)));
  if (wake.level == model::Level::kTask && wake.waker_tid != 0) {
    phrases.add("by " + task_text(wake.waker_tid, wake.waker_comm));
  } else if (wake.level != model::Level::kUnknown) {
    phrases.add(fmt::format("from {}", level_name(wake.level)));
  }
  phrases.add_if(wake.woken.tid != 0 && wake.woken != path.task.id,
                 fmt::format("task {} was woken, not the reader", wake.woken.tid));
  return phrases.text();
}

std::string running_text(const model::Wake& wake) {
  if (wake.prev_tid == 0) return "the CPU was idle before";
  return "ran there before: " + task_text(wake.prev_tid, wake.prev_comm);
}

std::string call_text(const Path& path) {
  const std::string name =
      path.syscall.empty() ? fmt::format("system call {}", path.syscall_nr) : printable(path.syscall);
  return Phrases()
      .add(path.fd >= 0 ? fmt::format("{} on fd {}", name, path.fd) : name)
      .add(msg_flags_text(path.msg_flags))
      .text();
}

std::string done_text(const Path& path) {
  return Phrases()
      .add(fmt::format("returned {}", path.read_ret))
      .add_if(path.deliveries_of_read > 1, fmt::format("one read for {} deliveries", path.deliveries_of_read))
      .add_if(path.part_of_delivery > 0, fmt::format("read {} of this delivery", path.part_of_delivery + 1))
      .text();
}

std::string seen_text(const Path& path, Stage stage) {
  const char* units = path.datagram ? "datagrams" : "bytes";
  switch (stage) {
    case Stage::kHw: return "stamped by the network card";
    case Stage::kIrq: return irq_text(path.arrival);
    case Stage::kRaise: return raise_text(path);
    case Stage::kSoftirq: return softirq_text(path.arrival);
    case Stage::kDriver: return driver_text(path.arrival);
    case Stage::kStack: return "netif_receive_skb";
    case Stage::kProtocol: return fmt::format("{} {}..{} of the socket", units, path.begin, path.end);
    case Stage::kQueued: return queued_text(path);
    case Stage::kWaking: return waking_text(path);
    case Stage::kRunnable: return "put on a run queue";
    case Stage::kRunning: return running_text(path.wake);
    case Stage::kReturned: return fmt::format("{} returned {}", printable(path.wait_syscall), path.wait_ready);
    case Stage::kRead: return call_text(path);
    case Stage::kCopied:
      return counted(path.bytes, "byte") + (path.peek ? " looked at, left in the buffer (MSG_PEEK)" : " copied");
    case Stage::kDone: return done_text(path);
    case Stage::kReply: return counted(path.reply_bytes, "byte") + " sent";
    case Stage::kXmit: return "the reply's first packet reached a device";
  }
  return {};
}

}  // namespace

std::string witness_text(const model::WitnessEntry& entry) {
  std::string text = fmt::format("{} ({})", printable(entry.func), mechanism_name(entry.mechanism));
  if (entry.fd >= 0) text += fmt::format(" fd {}", entry.fd);
  if (entry.task.tid != 0) text += fmt::format(" -> task {}", entry.task.tid);
  if (entry.exclusive) text += ", exclusive";
  return text + (entry.waiting ? ", asleep" : ", nobody asleep");
}

std::string stage_evidence(const Path& path, Stage stage) {
  const model::StagePoint& point = path.at(stage);
  const char* why = reason_text(point.why);
  switch (point.seen) {
    case Seen::kObserved: return seen_text(path, stage);
    case Seen::kInferred: return fmt::format("inferred: {}; {}", why, seen_text(path, stage));
    case Seen::kNotNeeded: return fmt::format("not needed: {}", why);
    case Seen::kNotApplicable: return why;
    case Seen::kUnknown: return fmt::format("unknown: {}", why);
  }
  return {};
}

std::string stage_context(const Path& path, Stage stage) {
  if (!path.at(stage).has_time()) return {};
  const bool is_sender = (path.arrival.driver_hook == "netif_rx" || path.arrival.driver_hook == "xmit") &&
                         (stage == Stage::kDriver || stage == Stage::kRaise);
  if (is_sender) return path.arrival.sender_tid != 0 ? fmt::format("task {}", path.arrival.sender_tid) : "sender";
  if (stage <= Stage::kIrq) return "hardirq";
  if (stage == Stage::kRaise) return path.at(Stage::kIrq).has_time() ? "hardirq" : "";
  if (stage <= Stage::kQueued)
    return path.arrival.level == model::Level::kUnknown ? "" : level_name(path.arrival.level);
  if (stage <= Stage::kRunnable) return path.wake.level == model::Level::kUnknown ? "" : level_name(path.wake.level);
  return fmt::format("{}/{}", printable(path.task.comm), path.task.id.tid);
}

}  // namespace wp::report
