// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What a recorder that runs no longer needs, it gives away: everything is loaded, attached and open by then, and what
// is left is to copy bytes from memory into one file. Reading and reporting never need any right.
#include "userspace/base/result.hpp"

namespace wp::capture {

/// Whom the recorder must still be able to signal.
enum class MaySignal {
  kOwn,
  kAnybody  ///< keeps CAP_KILL: a command it started may have become another user
};

/// Drops all capabilities, for good (bounding set and no_new_privs too), and allows from here on only the system calls
/// that recording makes: others fail with EPERM. No file can be opened, nothing executed, no socket made. Of this
/// thread and what it starts. For what attaches later the kernel asks for no capability since 5.19; before, those hooks
/// are named as refused.
Result<void> confine(MaySignal whom);

}  // namespace wp::capture
