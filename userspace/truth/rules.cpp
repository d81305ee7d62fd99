// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/truth/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace wp::truth {
namespace {

using model::Stage;

bool came_by_card(const model::Path& path) {
  const std::string& hook = path.arrival.driver_hook;
  return !hook.empty() && hook != "netif_rx" && hook != "xmit";
}

/// For the stages inside the reading call: the server took its times right outside of it.
Contradiction outside_call(const Claim& claim, Stage stage) {
  const model::StagePoint& point = claim.path.at(stage);
  if (!point.has_time()) return std::nullopt;
  if (point.ts_ns < claim.read.before_ns) {
    return fmt::format("{} at {}, but the server called only after {}", model::stage_name(stage), point.ts_ns,
                       claim.read.before_ns);
  }
  if (point.ts_ns > claim.read.after_ns) {
    return fmt::format("{} at {}, but the call had returned at {}", model::stage_name(stage), point.ts_ns,
                       claim.read.after_ns);
  }
  return std::nullopt;
}

}  // namespace

Contradiction spans_two_reads(const Claim& claim) {
  const std::uint64_t end = claim.read.offset + claim.read.bytes;
  if (claim.begin >= claim.read.offset && claim.end <= end) return std::nullopt;
  return fmt::format("one read of bytes [{}, {}), but the server's call got [{}, {})", claim.begin, claim.end,
                     claim.read.offset, end);
}

Contradiction other_thread(const Claim& claim) {
  if (claim.path.task.id.tid == claim.read.tid) return std::nullopt;
  return fmt::format("reader is thread {}, but it was {}", claim.path.task.id.tid, claim.read.tid);
}

// A thread's number comes again, the moment it was made does not: copy_process() takes it between the parent's call and
// the child's first instruction.
Contradiction other_process(const Claim& claim) {
  const ServerRead& read = claim.read;
  const std::uint64_t born_ns = claim.path.task.id.start_ns;
  if (read.born_before_ns == 0 || (born_ns >= read.born_after_ns && born_ns <= read.born_before_ns))
    return std::nullopt;
  return fmt::format("reader {} was made at {}, but it was made between {} and {}", read.tid, born_ns,
                     read.born_after_ns, read.born_before_ns);
}

Contradiction other_descriptor(const Claim& claim) {
  if (claim.path.fd == claim.read.fd) return std::nullopt;
  if (claim.path.fd < 0) return std::nullopt;  // the path says that it does not know
  return fmt::format("read from descriptor {}, but it was {}", claim.path.fd, claim.read.fd);
}

Contradiction read_outside_call(const Claim& claim) { return outside_call(claim, Stage::kRead); }
Contradiction copied_outside_call(const Claim& claim) { return outside_call(claim, Stage::kCopied); }
Contradiction done_outside_call(const Claim& claim) { return outside_call(claim, Stage::kDone); }

Contradiction arrived_before_sent(const Claim& claim) {
  // Every byte of the range was sent before it arrived, so the youngest request decides.
  const std::uint64_t sent_ns = claim.requests.back().send_before_ns;
  for (const Stage stage : model::stage_order(claim.path)) {
    const model::StagePoint& point = claim.path.at(stage);
    // A card's poll may find a packet that came after the interrupt, or while it ran: until the driver hands the
    // packet over, the times are of the poll.
    const bool may_be_older = stage < Stage::kDriver && came_by_card(claim.path);
    if (point.has_time() && !may_be_older && point.ts_ns < sent_ns) {
      return fmt::format("{} at {}, but the client sent only after {}", model::stage_name(stage), point.ts_ns, sent_ns);
    }
    if (stage == Stage::kQueued) break;
  }
  return std::nullopt;
}

Contradiction queued_after_read(const Claim& claim) {
  const model::StagePoint& queued = claim.path.at(Stage::kQueued);
  if (!queued.has_time() || queued.ts_ns <= claim.read.after_ns) return std::nullopt;
  return fmt::format("queued at {}, but the server had read it at {}", queued.ts_ns, claim.read.after_ns);
}

Contradiction reply_before_read(const Claim& claim) {
  const model::StagePoint& reply = claim.path.at(Stage::kReply);
  if (!reply.has_time() || reply.ts_ns >= claim.read.after_ns) return std::nullopt;
  return fmt::format("reply at {}, but the server had the request only at {}", reply.ts_ns, claim.read.after_ns);
}

Contradiction reply_after_echo(const Claim& claim) {
  // The first reply after a read answers its oldest request at the latest.
  const std::uint64_t echoed_ns = claim.requests.front().reply_ns;
  for (const Stage stage : {Stage::kReply, Stage::kXmit}) {
    const model::StagePoint& point = claim.path.at(stage);
    if (point.has_time() && point.ts_ns > echoed_ns) {
      return fmt::format("{} at {}, but the client had the echo at {}", model::stage_name(stage), point.ts_ns,
                         echoed_ns);
    }
  }
  return std::nullopt;
}

Contradiction stages_out_of_order(const Claim& claim) {
  const model::StagePoint* before = nullptr;
  Stage stage_before{};
  for (const Stage stage : model::stage_order(claim.path)) {
    const model::StagePoint& point = claim.path.at(stage);
    if (!point.has_time()) continue;
    if (before != nullptr && point.ts_ns < before->ts_ns) {
      return fmt::format("{} at {} comes before {} at {}", model::stage_name(stage), point.ts_ns,
                         model::stage_name(stage_before), before->ts_ns);
    }
    before = &point;
    stage_before = stage;
  }
  return std::nullopt;
}

Contradiction stages_do_not_add_up(const Claim& claim) {
  const auto total = model::total_ns(claim.path);
  if (!total) return std::nullopt;
  std::uint64_t sum = 0;
  const model::StagePoint* before = nullptr;
  for (const Stage stage : model::stage_order(claim.path)) {
    const model::StagePoint& point = claim.path.at(stage);
    if (!point.has_time()) continue;
    if (before != nullptr) sum += std::max(point.ts_ns, before->ts_ns) - std::min(point.ts_ns, before->ts_ns);
    before = &point;
    if (stage == Stage::kDone) break;
  }
  if (sum == *total) return std::nullopt;
  return fmt::format("stages add up to {} ns, but the total is {} ns", sum, *total);
}

std::span<const Rule> rules() {
  static constexpr std::array kRules{
      Rule{"spans_two_reads", spans_two_reads},
      Rule{"other_thread", other_thread},
      Rule{"other_process", other_process},
      Rule{"other_descriptor", other_descriptor},
      Rule{"read_outside_call", read_outside_call},
      Rule{"copied_outside_call", copied_outside_call},
      Rule{"done_outside_call", done_outside_call},
      Rule{"arrived_before_sent", arrived_before_sent},
      Rule{"queued_after_read", queued_after_read},
      Rule{"reply_before_read", reply_before_read},
      Rule{"reply_after_echo", reply_after_echo},
      Rule{"stages_out_of_order", stages_out_of_order},
      Rule{"stages_do_not_add_up", stages_do_not_add_up},
  };
  return kRules;
}

}  // namespace wp::truth
