// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Processes and threads of a demo: none outlives the program.
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "demo-servers/common/arguments.hpp"

namespace wp::demo {

/// fork(). The child ends when its parent does, and takes no signal the way its parent does: only the parent writes
/// the log. 0: in the child.
inline pid_t fork_child() {
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) give_up_on_errno("fork");
  if (child > 0) return child;
  thread_id_once_asked = 0;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);  // it ended before prctl
  for (const int number : {SIGTERM, SIGINT, SIGALRM, SIGCHLD}) signal(number, SIG_DFL);
  return 0;
}

}  // namespace wp::demo
