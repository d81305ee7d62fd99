// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// From a delivery to the moment its reader ran: was it asleep, who woke it, or why was no wake needed?
#include "userspace/model/model.hpp"
#include "userspace/reconstruct/socket_tracker.hpp"
#include "userspace/reconstruct/task_tracker.hpp"

namespace wp::reconstruct {

class NameTable;

/// Fills path.witness from the delivery's wait-queue entries.
void add_witness(model::Path& path, const Delivery& delivery, const NameTable& names);

/// Fills path.wake and the stages waking, runnable and running. path.witness must be filled.
/// loss_before: records were lost before the read, so that a contradiction may come from that.
void judge_wake(model::Path& path, const Delivery& delivery, const ReadCall& read, const TaskState& reader,
                const TaskTracker& tasks, bool loss_before);

}  // namespace wp::reconstruct
