// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// One delivery (or none that is known) and the call that read it make one path.
#include "userspace/model/model.hpp"
#include "userspace/reconstruct/names.hpp"
#include "userspace/reconstruct/socket_tracker.hpp"
#include "userspace/reconstruct/task_tracker.hpp"

namespace wp::reconstruct {

/// Fills an empty path with one part of a read. The reply is not yet known; ids and loss near the path are the
/// caller's. loss_before: records were lost before the read, so that a delivery may be missing for that.
void build_path(model::Path& path, const Taken& part, const ReadCall& read, const SocketState& socket,
                const TaskState& reader, const TaskTracker& tasks, const NameTable& names, bool loss_before);

/// A read of a pipe: no socket, no packet, but a wake.
void build_pipe_path(model::Path& path, const ReadCall& read, const TaskState& reader, const NameTable& names);

/// The first send on the socket after the read is its reply.
void add_reply(model::Path& path, const wp_send_call& send);
/// Several reads were answered by as many sends.
void add_reply_by_order(model::Path& path, const wp_send_call& send);
/// No send came before the next read, or before the end.
void close_without_reply(model::Path& path, model::Reason why);

}  // namespace wp::reconstruct
