// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Adds intervals of a request's time up to shares, and keeps who took the largest part of each.
#include <array>
#include <cstdint>
#include <vector>

#include "bpf/wire/events.h"
#include "userspace/model/model.hpp"
#include "userspace/reconstruct/names.hpp"
#include "userspace/reconstruct/socket_tracker.hpp"
#include "userspace/reconstruct/task_tracker.hpp"

namespace wp::reconstruct {

/// Who it was during one interval; plain, so that intervals cost no memory.
struct Suspect {
  model::TaskId task{};
  model::Name comm{};
  std::uint64_t cookie = 0;  ///< the connection it served, 0: none
  model::Doing doing = model::Doing::kUnknown;
  const Gap* asleep = nullptr;  ///< with kAsleep and kUninterruptible; valid until the ledger is closed
  std::int32_t cpu = -1;
};

/// One serves many requests: what it needs stays with it.
class Ledger {
 public:
  /// Nothing is on it.
  void clear() {
    used_ = 0;
    place_.fill(0);
  }
  /// An empty interval is no interval. Intervals of one cause that follow each other and have the same suspect
  /// (the same connection, where they have one) count as one part.
  void add(model::Cause cause, std::uint64_t from_ns, std::uint64_t to_ns, const Suspect& suspect = {},
           model::Reason rule = model::Reason::kNone);
  /// The same for a stretch in which one suspect did several things, the longest of which took `longest_ns`.
  void add_of(model::Cause cause, std::uint64_t from_ns, std::uint64_t to_ns, std::uint64_t longest_ns,
              const Suspect& suspect, model::Reason rule);
  void add_unknown(std::uint64_t from_ns, std::uint64_t to_ns, model::Reason why);
  /// Replaces `blame` by the shares, largest first.
  void close(SocketTracker& sockets, const NameTable& names, model::Blame& blame) const;

 private:
  static constexpr std::size_t kSuspectsKept = 24;
  /// One for each cause, and of the unknown one for each reason.
  static constexpr std::size_t kSharesAtMost = model::kCauseCount + model::kReasonCount;

  struct Part {
    Suspect suspect;
    std::uint64_t ns = 0, from_ns = 0, to_ns = 0;
    std::uint64_t longest_ns = 0;  ///< of the interval whose suspect this is
  };
  struct Share {
    model::Cause cause = model::Cause::kUnknown;
    model::Reason why = model::Reason::kNone;
    std::uint64_t ns = 0;
    std::uint32_t count = 0;
    Part current;               ///< it may go on
    Part largest;               ///< of those before it
    std::vector<Part> by_task;  ///< for causes whose culprits are tasks
  };
  Share& share_of(model::Cause cause, model::Reason why) {
    const std::uint8_t place = place_[static_cast<std::size_t>(cause)];
    return place ? shares_[place - 1U] : new_or_unknown(cause, why);
  }
  Share& new_or_unknown(model::Cause cause, model::Reason why);
  static void add_to(Part& part, std::uint64_t from_ns, std::uint64_t to_ns, std::uint64_t longest_ns,
                     const Suspect& suspect);
  static void add_by_task(Share& share, std::uint64_t from_ns, std::uint64_t to_ns, const Suspect& suspect);

  std::vector<Share> shares_;
  std::array<std::uint8_t, model::kCauseCount> place_{};  ///< plus 1, of each cause's share; 0: it has none
  std::size_t used_ = 0;                                  ///< of them; what is behind is as earlier requests left it
};

}  // namespace wp::reconstruct
