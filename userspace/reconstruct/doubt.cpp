// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/reconstruct/doubt.hpp"

#include "userspace/reconstruct/blame.hpp"

namespace wp::reconstruct {

using model::Reason;
using model::Seen;
using model::Stage;

namespace {

// These were concluded from something seen, not from something missing.
bool is_certain_whatever_was_lost(Reason why) {
  return why == Reason::kReadBeforeReady || why == Reason::kReaderAlsoDelivers;
}

}  // namespace

std::uint64_t begin_of(const model::Path& path) {
  std::uint64_t first = 0;
  for (const auto& point : path.stages)
    if (point.has_time() && (!first || point.ts_ns < first)) first = point.ts_ns;
  return first;
}

void set_unknown(model::Path& path, Stage stage, Reason why) { path.at(stage) = {Seen::kUnknown, why, 0, -1}; }

bool doubt_wake(model::Path& path, Reason why) {
  if (path.wake.needed || is_certain_whatever_was_lost(path.wake.why)) return false;
  path.wake.certainty = Seen::kUnknown;
  path.wake.why = why;
  for (const Stage stage : {Stage::kWaking, Stage::kRunnable, Stage::kRunning})
    if (path.at(stage).seen == Seen::kNotNeeded || path.at(stage).why == Reason::kWitnessContradicts)
      set_unknown(path, stage, why);
  return true;
}

void doubt_path(model::Path& path, Reason why) {
  blame_after_loss(path.blame, why);
  if (path.at(Stage::kReturned).why == Reason::kReadWithoutWait) set_unknown(path, Stage::kReturned, why);
  doubt_wake(path, why);
}

void doubt_reply(model::Path& path, Reason why) {
  const Reason reply = path.at(Stage::kReply).why;
  if (reply != Reason::kNoReply && reply != Reason::kReplyOrder) return;
  set_unknown(path, Stage::kReply, why);
  set_unknown(path, Stage::kXmit, why);
  path.reply_bytes = 0;
}

}  // namespace wp::reconstruct
