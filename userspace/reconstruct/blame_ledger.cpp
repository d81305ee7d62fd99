// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/reconstruct/blame_ledger.hpp"

#include <algorithm>

#include "userspace/base/check.hpp"

namespace wp::reconstruct {

using model::Cause;
using model::Reason;
using model::Seen;

namespace {

// The culprit is a task whatever it does: its parts are added up wherever they lie.
bool is_of_tasks(Cause cause) { return cause == Cause::kRunQueue || cause == Cause::kMigration; }

bool is_same(const Suspect& a, const Suspect& b) {
  return a.cookie || b.cookie ? a.cookie == b.cookie : a.task == b.task && a.asleep == b.asleep;
}

void name(model::Culprit& culprit, const Suspect& suspect, SocketTracker& sockets, const NameTable& names) {
  culprit.task = suspect.task;
  culprit.comm = suspect.comm;
  culprit.doing = suspect.doing;
  culprit.cpu = suspect.cpu;
  if (suspect.cookie) {
    culprit.socket.cookie = suspect.cookie;
    if (const SocketState* socket = sockets.find(suspect.cookie)) culprit.socket = socket->socket;
  }
  if (const Gap* gap = suspect.asleep) {
    if (gap->off_nr) culprit.call = names.get(WP_NAME_syscall, gap->off_nr - 1U);
    culprit.waker_level = gap->wake_level;
    culprit.waker_tid = gap->waker_tid;
    if (gap->waker_tid) culprit.waker_comm = name_of(gap->waker_comm);
  }
}

}  // namespace

// The unknown has a share for each reason, and so no place.
Ledger::Share& Ledger::new_or_unknown(Cause cause, Reason why) {
  for (std::size_t i = 0; cause == Cause::kUnknown && i < used_; ++i)
    if (shares_[i].cause == cause && shares_[i].why == why) return shares_[i];
  WP_CHECK(used_ < kSharesAtMost);
  if (used_ == shares_.size()) shares_.emplace_back();
  Share& fresh = shares_[used_++];
  if (cause != Cause::kUnknown) place_[static_cast<std::size_t>(cause)] = static_cast<std::uint8_t>(used_);
  fresh.cause = cause;
  fresh.why = Reason::kNone;
  fresh.ns = fresh.count = 0;
  fresh.current = fresh.largest = {};
  fresh.by_task.clear();
  return fresh;
}

void Ledger::add_to(Part& part, std::uint64_t from_ns, std::uint64_t to_ns, std::uint64_t longest_ns,
                    const Suspect& suspect) {
  if (!part.ns) part.from_ns = from_ns;
  part.to_ns = to_ns;
  part.ns += to_ns - from_ns;
  if (longest_ns <= part.longest_ns) return;
  part.longest_ns = longest_ns;
  part.suspect = suspect;
}

void Ledger::add_by_task(Share& share, std::uint64_t from_ns, std::uint64_t to_ns, const Suspect& suspect) {
  auto part = std::find_if(share.by_task.begin(), share.by_task.end(),
                           [&](const Part& p) { return p.suspect.task.tid == suspect.task.tid; });
  if (part == share.by_task.end()) {
    if (share.by_task.size() == kSuspectsKept) return;
    part = share.by_task.insert(part, Part{});
  }
  add_to(*part, from_ns, to_ns, to_ns - from_ns, suspect);
  if (part->ns > share.largest.ns) share.largest = *part;
}

void Ledger::add(Cause cause, std::uint64_t from_ns, std::uint64_t to_ns, const Suspect& suspect, Reason rule) {
  if (from_ns < to_ns) add_of(cause, from_ns, to_ns, to_ns - from_ns, suspect, rule);
}

void Ledger::add_of(Cause cause, std::uint64_t from_ns, std::uint64_t to_ns, std::uint64_t longest_ns,
                    const Suspect& suspect, Reason rule) {
  Share& share = share_of(cause, rule);
  share.ns += to_ns - from_ns;
  if (rule != Reason::kNone) share.why = rule;
  if (is_of_tasks(cause)) {
    ++share.count;
    return add_by_task(share, from_ns, to_ns, suspect);
  }
  Part& current = share.current;
  if (current.ns && is_same(current.suspect, suspect)) return add_to(current, from_ns, to_ns, longest_ns, suspect);
  ++share.count;
  if (current.ns > share.largest.ns) share.largest = current;
  current.suspect = suspect;
  current.ns = to_ns - from_ns;
  current.from_ns = from_ns;
  current.to_ns = to_ns;
  current.longest_ns = longest_ns;
}

void Ledger::add_unknown(std::uint64_t from_ns, std::uint64_t to_ns, Reason why) {
  add(Cause::kUnknown, from_ns, to_ns, {}, why);
}

void Ledger::close(SocketTracker& sockets, const NameTable& names, model::Blame& blame) const {
  blame.clear();
  blame.reserve(used_);
  std::array<const Share*, kSharesAtMost> order;  // sorted as addresses: a share is large, and there is one per path
  std::size_t n = 0;
  for (; n < std::min(used_, order.size()); ++n) {  // an insertion: there are few
    std::size_t at = n;
    for (; at > 0 && order[at - 1]->ns < shares_[n].ns; --at) order[at] = order[at - 1];
    order[at] = &shares_[n];
  }
  for (std::size_t i = 0; i < n; ++i) {
    const Share& share = *order[i];
    const Part& largest = share.current.ns > share.largest.ns ? share.current : share.largest;
    model::BlameShare& out = blame.emplace_back();
    out.cause = share.cause;
    out.why = share.why;
    out.certainty = share.cause == Cause::kUnknown ? Seen::kUnknown
                    : share.why == Reason::kNone   ? Seen::kObserved
                                                   : Seen::kInferred;
    out.ns = share.ns;
    out.parts = share.count;
    name(out.culprit, largest.suspect, sockets, names);
    out.culprit.ns = largest.ns;
    out.culprit.from_ns = largest.from_ns;
    out.culprit.to_ns = largest.to_ns;
  }
}

}  // namespace wp::reconstruct
