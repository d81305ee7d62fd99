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
  culprit.comm = text_of(suspect.comm);
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
    if (gap->waker_tid) culprit.waker_comm = text_of(gap->waker_comm);
  }
}

}  // namespace

Ledger::Share& Ledger::share_of(Cause cause, Reason why) {
  const auto is_it = [=](const Share& share) {
    return share.cause == cause && (cause != Cause::kUnknown || share.why == why);
  };
  if (latest_ < used_ && is_it(shares_[latest_])) return shares_[latest_];  // as a rule it goes on
  for (latest_ = 0; latest_ < used_; ++latest_)
    if (is_it(shares_[latest_])) return shares_[latest_];
  WP_CHECK(used_ < kSharesAtMost);
  if (used_ == shares_.size()) shares_.emplace_back();
  Share& fresh = shares_[used_++];
  fresh.cause = cause;
  fresh.why = Reason::kNone;
  fresh.ns = fresh.count = 0;
  fresh.current = fresh.largest = {};
  fresh.by_task.clear();
  return fresh;
}

void Ledger::add_to(Part& part, std::uint64_t from_ns, std::uint64_t to_ns, const Suspect& suspect) {
  if (!part.ns) part.from_ns = from_ns;
  part.to_ns = to_ns;
  part.ns += to_ns - from_ns;
  if (to_ns - from_ns <= part.longest_ns) return;
  part.longest_ns = to_ns - from_ns;
  part.suspect = suspect;
}

void Ledger::add_by_task(Share& share, std::uint64_t from_ns, std::uint64_t to_ns, const Suspect& suspect) {
  auto part = std::find_if(share.by_task.begin(), share.by_task.end(),
                           [&](const Part& p) { return p.suspect.task.tid == suspect.task.tid; });
  if (part == share.by_task.end()) {
    if (share.by_task.size() == kSuspectsKept) return;
    part = share.by_task.insert(part, Part{});
  }
  add_to(*part, from_ns, to_ns, suspect);
  if (part->ns > share.largest.ns) share.largest = *part;
}

void Ledger::add(Cause cause, std::uint64_t from_ns, std::uint64_t to_ns, const Suspect& suspect, Reason rule) {
  if (from_ns >= to_ns) return;
  Share& share = share_of(cause, rule);
  share.ns += to_ns - from_ns;
  if (rule != Reason::kNone) share.why = rule;
  if (is_of_tasks(cause)) {
    ++share.count;
    return add_by_task(share, from_ns, to_ns, suspect);
  }
  if (!share.current.ns || !is_same(share.current.suspect, suspect)) {
    ++share.count;
    if (share.current.ns > share.largest.ns) share.largest = share.current;
    share.current = {};
  }
  add_to(share.current, from_ns, to_ns, suspect);
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
