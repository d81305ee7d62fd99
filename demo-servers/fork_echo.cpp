// SPDX-License-Identifier: GPL-2.0-or-later
// An echo server that makes a process for each connection. Parent and child close the descriptor that is not theirs:
// the child the listener, the parent the connection; the socket itself lives until the last of the two is closed.
//
//   --reap HOW   who takes the exit status of a child that has ended, and when
//     wait       the parent sleeps in wait() until the child it has just made ends: one connection at a time
//     waitpid    the parent asks waitpid(WNOHANG) in a loop after each accept(): a zombie lasts until the next client
//     signal     a handler set by signal() calls waitpid(WNOHANG) once per SIGCHLD: two children that end together
//                may be one signal, and then one stays a zombie
//     sigaction  a handler set by sigaction() calls waitpid(WNOHANG) until there is none left: no zombie stays
//     ignore     nobody: SIGCHLD is ignored, so the kernel lets every child go by itself and none is ever a zombie
//     none       nobody asks: every child stays a zombie until the server ends
//
// Expected path: the parent sleeps in accept() (`autoremove_wake_function` on the listener); each request is the
// child's: a `woken_wake_function` entry on the connection, the wake inside recv(), as in the blocking server, but
// every connection has a reader of its own. In the lineage: fork, exit, zombie until reaped, and by which call.
#include "demo-servers/common/echo.hpp"
#include "demo-servers/common/process.hpp"

namespace {

using namespace wp::demo;

enum class Reap {
  kWait,
  kWaitpid,
  kSignal,
  kSigaction,
  kIgnore,
  kNone
};

Reap reap_from(const std::string& name) {
  if (name == "wait") return Reap::kWait;
  if (name == "waitpid") return Reap::kWaitpid;
  if (name == "signal") return Reap::kSignal;
  if (name == "sigaction") return Reap::kSigaction;
  if (name == "ignore") return Reap::kIgnore;
  if (name != "none") give_up("--reap takes wait, waitpid, signal, sigaction, ignore or none");
  return Reap::kNone;
}

void reap_all_that_ended() {
  while (waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

void prepare(Reap how) {
  if (how == Reap::kSignal) {
    signal(SIGCHLD, [](int) {
      const int before = errno;
      waitpid(-1, nullptr, WNOHANG);
      errno = before;
    });
  } else if (how == Reap::kSigaction) {
    struct sigaction action {};
    action.sa_handler = [](int) {
      const int before = errno;
      reap_all_that_ended();
      errno = before;
    };
    action.sa_flags = static_cast<int>(SA_RESTART) | SA_NOCLDSTOP;
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGCHLD, &action, nullptr) != 0) give_up_on_errno("sigaction");
  } else if (how == Reap::kIgnore) {
    signal(SIGCHLD, SIG_IGN);
  }
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments(argc, argv);
  const Reap how = reap_from(arguments.text("--reap", "sigaction"));
  const Options options = common_options(arguments);
  ReadLog log(options.truth, options.truth_records);
  end_on_signal(log, options.max_seconds);
  prepare(how);
  const int listener = listen_on(options, 0);
  for (;;) {
    const auto session = accept_one(listener, options, 0);
    if (!session) continue;
    if (fork_child() == 0) {
      close(listener);
      serve_blocking(*session, log);
      _exit(0);
    }
    if (how == Reap::kWait) wait(nullptr);
    if (how == Reap::kWaitpid) reap_all_that_ended();
  }  // the parent's descriptor of the connection is closed here
}
