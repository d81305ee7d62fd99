// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/blame_text.hpp"

#include <fmt/format.h>

#include "userspace/base/text.hpp"
#include "userspace/report/format.hpp"
#include "userspace/report/words.hpp"

namespace wp::report {
namespace {

using model::BlameShare;
using model::Cause;
using model::Culprit;
using model::Doing;

std::string task_text(const Culprit& who) {
  if (who.task.tid == 0) return {};
  if (who.comm.empty()) return fmt::format("task {}", who.task.tid);
  return fmt::format("\"{}\" (task {})", printable(who.comm), who.task.tid);
}

std::string connection_text(const Culprit& who) {
  if (who.socket.cookie == 0) return {};
  const std::string peer = peer_address(who.socket);
  return peer.empty() ? fmt::format("socket {}", who.socket.cookie) : "connection " + peer;
}

std::string waker_text(const Culprit& who) {
  if (who.waker_tid != 0) return fmt::format(", woken by \"{}\" (task {})", printable(who.waker_comm), who.waker_tid);
  switch (who.waker_level) {
    case model::Level::kSoftirq: return ", woken from a softirq";
    case model::Level::kHardirq: return ", woken from an interrupt";
    default: return {};
  }
}

std::string doing_text(const Culprit& who) {
  const std::string in = who.call.empty() ? "" : " in " + printable(who.call);
  switch (who.doing) {
    case Doing::kUnknown: return {};
    case Doing::kRunning: return "running";
    case Doing::kAsleep: return "asleep" + in + waker_text(who);
    case Doing::kUninterruptible: return "in uninterruptible sleep" + in + waker_text(who);
    case Doing::kStopped:
      return who.waker_tid != 0
                 ? fmt::format("stopped, continued by \"{}\" (task {})", printable(who.waker_comm), who.waker_tid)
                 : "stopped";
  }
  return {};
}

std::string joined(const std::string& a, const char* between, const std::string& b) {
  return a.empty() ? b : b.empty() ? a : a + between + b;
}

// Whoever ran instead was running: no news.
bool says_what_it_did(Cause cause) { return cause != Cause::kRunQueue && cause != Cause::kMigration; }

}  // namespace

std::string culprit_key(const BlameShare& share) {
  if (share.cause == Cause::kUnknown) return model::reason_text(share.why);
  if (share.culprit.socket.cookie != 0) return connection_text(share.culprit);
  return task_text(share.culprit);
}

std::string culprit_text(const BlameShare& share) {
  if (share.cause == Cause::kUnknown) return model::reason_text(share.why);
  const Culprit& who = share.culprit;
  std::string text = joined(connection_text(who), ", ", task_text(who));
  if (says_what_it_did(share.cause)) text = joined(text, " ", doing_text(who));
  return text;
}

std::string share_text(const BlameShare& share) {
  std::string text = culprit_text(share);
  if (!text.empty() && share.culprit.ns != 0 && share.culprit.ns < share.ns)
    text += fmt::format(" {}", duration_text(share.culprit.ns));
  if (share.parts > 1 && share.cause != Cause::kUnknown) text = joined(text, ", of ", counted(share.parts, "part"));
  if (share.certainty == model::Seen::kInferred)
    text = joined(text, "; ", fmt::format("inferred: {}", model::reason_text(share.why)));
  if (share.cause == Cause::kUnknown && !text.empty()) return text;
  return joined(model::cause_text(share.cause), ": ", text);
}

void write_blame(JsonWriter& json, const model::Blame& blame) {
  json.open('[');
  for (const BlameShare& share : blame) {
    json.open('{').field("cause", model::cause_name(share.cause)).field("ns", share.ns).field("parts", share.parts);
    json.field("certainty", model::seen_name(share.certainty));
    if (share.why != model::Reason::kNone) json.field("why", model::reason_name(share.why));
    const Culprit& who = share.culprit;
    if (who.task.tid != 0 || who.socket.cookie != 0) {
      json.key("culprit").open('{').field("ns", who.ns).field("from_ns", who.from_ns).field("to_ns", who.to_ns);
      if (who.task.tid != 0) json.field("tid", who.task.tid).field("comm", who.comm);
      if (who.socket.cookie != 0) json.field("socket", who.socket.cookie);
      if (const std::string peer = peer_address(who.socket); !peer.empty()) json.field("peer", peer);
      json.field("doing", model::doing_name(who.doing));
      if (!who.call.empty()) json.field("call", who.call);
      if (who.waker_tid != 0) json.field("waker_tid", who.waker_tid).field("waker_comm", who.waker_comm);
      json.close('}');
    }
    json.close('}');
  }
  json.close(']');
}

}  // namespace wp::report
