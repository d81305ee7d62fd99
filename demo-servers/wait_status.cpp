// SPDX-License-Identifier: GPL-2.0-or-later
// How a process can end, and what its parent learns: by return from main, by exit(), by a signal. The child's variables
// are copies: what it adds to one is only in its exit status, never in the parent's.
//
// Expected: of each child fork, exit, a zombie until the parent's waitpid() returns it, and SIGCHLD to the parent. The
// status in the trace is the one that WIFEXITED, WEXITSTATUS and WTERMSIG take apart.
#include "demo-servers/common/mechanism.hpp"

namespace {

using namespace wp::demo;

int shared_in_name_only = 3;

[[noreturn]] void end_by_signal(int number) {
  signal(number, SIG_DFL);
  sigset_t mine;
  sigemptyset(&mine);
  sigaddset(&mine, number);
  sigprocmask(SIG_UNBLOCK, &mine, nullptr);
  kill(getpid(), number);
  for (;;) pause();
}

[[noreturn]] void end_in_way(unsigned way) {
  switch (way) {
    case 0: _exit(0);
    case 1: _exit(++shared_in_name_only);
    case 2: end_by_signal(SIGTERM);
    case 3: end_by_signal(SIGKILL);
    default: _exit(255);
  }
}

}  // namespace

int main() {
  wait_until_watched();
  std::string statuses;
  for (unsigned way = 0; way < 5; ++way) {
    const pid_t child = fork_child();
    if (child == 0) end_in_way(way);
    usleep(3000);  // it ends meanwhile, and is a zombie
    int status = 0;
    if (waitpid(child, &status, 0) != child) give_up_on_errno("waitpid");
    statuses += statuses.empty() ? "" : ", ";
    if (WIFEXITED(status)) statuses += "exit " + std::to_string(WEXITSTATUS(status));
    if (WIFSIGNALED(status)) statuses += std::string("killed by SIG") + sigabbrev_np(WTERMSIG(status));
  }
  if (shared_in_name_only != 3) give_up("a child changed its parent's variable");
  tell({{"statuses", '"' + statuses + '"'}, {"processes_forked", "5"}, {"processes_left", "0"}});
}
