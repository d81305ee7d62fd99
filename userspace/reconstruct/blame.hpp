// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// A request's time divided over causes. The rules are docs/blame.md.
#include <optional>

#include "userspace/model/model.hpp"
#include "userspace/reconstruct/blame_ledger.hpp"
#include "userspace/reconstruct/cpu_tracker.hpp"
#include "userspace/reconstruct/names.hpp"
#include "userspace/reconstruct/socket_tracker.hpp"
#include "userspace/reconstruct/task_tracker.hpp"

namespace wp::reconstruct {

/// What is known of the time around a path, once its read has returned. All outlive the call.
struct BlameFacts {
  const TaskState& reader;
  const TaskTracker& tasks;
  const TaskState* acceptor = nullptr;  ///< who accepted the connection
  std::uint64_t accepted_ns = 0;        ///< when accept returned, 0: not known, or long before
  const CpuTracker& cpus;
  SocketTracker& sockets;
  const NameTable& names;
  bool is_sampled = false;  ///< of most requests nothing was recorded: what the reader was at is not known
};

/// Replaces the path's blame: it adds up to model::total_ns(path), and is empty where that has none. The ledger is for
/// its use alone until it returns.
void assign_blame(model::Path& path, const BlameFacts& facts, Ledger& ledger);
/// Records were lost within the path: what rests on a record that is not there is no longer told.
void blame_after_loss(model::Blame& blame, model::Reason why);

}  // namespace wp::reconstruct
