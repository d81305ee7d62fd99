// SPDX-License-Identifier: GPL-2.0-or-later
// Processes: fork, what becomes of memory and numbers, how a child ends and what its parent learns, SIGCHLD, pipes.
#include <set>

#include "demo-servers/common/trials.hpp"

namespace {

using namespace wp::demo;

volatile sig_atomic_t handler_runs = 0;
void count_run(int) { handler_runs = handler_runs + 1; }

std::string link_of(const std::string& path) {
  std::array<char, 4096> room{};
  const ssize_t n = readlink(path.c_str(), room.data(), room.size());
  return n > 0 ? std::string(room.data(), static_cast<std::size_t>(n)) : "";
}

/// The third word of its stat file: R, S, Z, ...; 0: there is no such process.
char state_of(pid_t pid) {
  const int fd = open(("/proc/" + std::to_string(pid) + "/stat").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  std::array<char, 512> room{};
  const ssize_t n = read(fd, room.data(), room.size() - 1);
  close(fd);
  const std::string text(room.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
  const auto end = text.rfind(')');
  return end == std::string::npos || end + 2 >= text.size() ? '\0' : text[end + 2];
}

/// Until it is a zombie or gone, a second at most.
char state_at_end(pid_t pid) {
  char state = state_of(pid);
  for (int i = 0; i < 2000 && state != 'Z' && state != 0; ++i) {
    usleep(500);
    state = state_of(pid);
  }
  return state;
}

/// Ten children alive at a time, this process, and no number twice.
bool own_number(Counts&) {
  std::set<pid_t> numbers{getpid()};
  std::array<pid_t, 10> children{};
  for (pid_t& child : children) {
    child = in_child([]() -> int { return pause(); });
    numbers.insert(child);
  }
  for (const pid_t child : children) {
    kill(child, SIGKILL);
    status_of_child(child);
  }
  return numbers.size() == children.size() + 1;
}

/// The child runs the same program file, and finds in memory what the parent wrote before.
bool same_program(Counts&) {
  static volatile int written = 0;
  written = getpid();
  const std::string program = link_of("/proc/self/exe");
  const int wanted = written;
  const pid_t child = in_child([&] { return written == wanted && link_of("/proc/self/exe") == program ? 0 : 1; });
  return status_of_child(child) == 0;
}

/// fork() returns the child's number here, and 0 there.
bool fork_returns(Counts&) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) give_up_on_errno("pipe");
  const pid_t parent = getpid();
  const pid_t returned = fork();
  if (returned != 0 && getpid() != parent) _exit(1);
  if (returned == 0) {
    const pid_t self = getpid();
    _exit(write(ends[1], &self, sizeof self) == sizeof self ? 0 : 1);
  }
  pid_t told = 0;
  const bool read_it = read_whole(ends[0], &told, sizeof told);
  close(ends[0]);
  close(ends[1]);
  return status_of_child(returned) == 0 && read_it && told == returned;
}

/// Parent and child change the same variable, and each sees its own change only.
bool variables_apart(Counts&) {
  static volatile int global = 0;
  global = 10;
  volatile int local = 20;
  const pid_t child = in_child([&] {
    global = global + 1;
    return global == 11 && local == 20 ? 0 : 1;
  });
  local = local + 1;
  const bool of_child = status_of_child(child) == 0;
  return of_child && global == 10 && local == 21;
}

/// A child that ended is in state Z until it is waited for, and is gone then.
bool zombie_until_asked(Counts&) {
  const pid_t child = in_child([] { return 7; });
  const bool zombie = state_at_end(child) == 'Z';
  usleep(2000);
  const bool still = state_of(child) == 'Z';
  status_of_child(child);
  return zombie && still && state_of(child) == 0;
}

/// With SIGCHLD ignored the child is gone though nobody asked.
bool gone_when_ignored(Counts&) {
  signal(SIGCHLD, SIG_IGN);
  const pid_t child = in_child([] { return 7; });
  const bool gone = state_at_end(child) == 0;
  const bool none = waitpid(child, nullptr, 0) < 0 && errno == ECHILD;
  signal(SIGCHLD, SIG_DFL);
  return gone && none;
}

/// A child ended by a signal: neither exit() nor a return from main.
bool ended_by_signal(Counts&) {
  const pid_t child = in_child([]() -> int { return pause(); });
  kill(child, SIGKILL);
  const int status = status_of_child(child);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && !WIFEXITED(status);
}

/// Every value of 0..255 comes back as it was given.
bool status_comes_back(Counts& counts) {
  const int value = static_cast<int>(counts["value"]) % 256;
  counts["value"] += 1;
  const int status = status_of_child(in_child([value] { return value; }));
  return WIFEXITED(status) && WEXITSTATUS(status) == value;
}

/// waitpid with `options` on a child that lives for 3 ms more. True: it slept in it.
bool sleeps_in_waitpid(int options) {
  const pid_t child = in_child([] { return usleep(3000); });
  const long before = sleeps_so_far();
  const pid_t got = waitpid(child, nullptr, options);
  const bool slept = sleeps_so_far() > before;
  if (got != child) status_of_child(child);
  return slept;
}
bool waitpid_sleeps(Counts&) { return sleeps_in_waitpid(0); }
bool waitpid_nohang_returns(Counts&) { return !sleeps_in_waitpid(WNOHANG); }

/// Twenty children end while SIGCHLD is blocked; `count` is how often the handler ran, all trials together.
bool sigchld_each(Counts& counts) {
  constexpr int kChildren = 20;
  struct sigaction action {};
  action.sa_handler = count_run;
  action.sa_flags = SA_RESTART;
  sigaction(SIGCHLD, &action, nullptr);
  sigset_t child_signal;
  sigemptyset(&child_signal);
  sigaddset(&child_signal, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child_signal, nullptr);
  std::array<pid_t, kChildren> children{};
  for (pid_t& child : children) child = in_child([] { return 0; });
  for (const pid_t child : children) state_at_end(child);
  handler_runs = 0;
  sigprocmask(SIG_UNBLOCK, &child_signal, nullptr);
  counts["count"] += handler_runs;
  for (const pid_t child : children) status_of_child(child);
  signal(SIGCHLD, SIG_DFL);
  return handler_runs == kChildren;
}

/// One child ends, and the handler runs in this process.
bool sigchld_runs_handler(Counts&) {
  handler_runs = 0;
  signal(SIGCHLD, count_run);
  const pid_t child = in_child([] { return 0; });
  for (int i = 0; i < 2000 && handler_runs == 0; ++i) usleep(500);
  status_of_child(child);
  signal(SIGCHLD, SIG_DFL);
  return handler_runs == 1;
}

/// A handler set by signal() is no longer there after its first signal, or its calls are not restarted.
bool signal_is_frail(Counts&) {
  signal(SIGUSR2, count_run);
  raise(SIGUSR2);
  struct sigaction now {};
  sigaction(SIGUSR2, nullptr, &now);
  const bool frail = now.sa_handler != count_run || !(static_cast<unsigned>(now.sa_flags) & SA_RESTART);
  signal(SIGUSR2, SIG_DFL);
  return frail;
}

/// With one pipe between two, the writer gets its own question back where it reads first.
bool one_pipe_is_one_way(Counts&) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) give_up_on_errno("pipe");
  const char question = 'q';
  char got = 0;
  const bool own = write(ends[1], &question, 1) == 1 && read(ends[0], &got, 1) == 1 && got == question;
  close(ends[0]);
  close(ends[1]);
  return own;
}

/// Pss of a process, in bytes.
double proportional_bytes(pid_t pid) {
  const int fd = open(("/proc/" + std::to_string(pid) + "/smaps_rollup").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) give_up_on_errno("smaps_rollup");
  std::string text(4096, '\0');
  const ssize_t n = read(fd, text.data(), text.size());
  close(fd);
  const auto at = text.find("\nPss:");
  if (n <= 0 || at == std::string::npos) give_up("no Pss in smaps_rollup");
  return std::strtod(text.c_str() + at + 5, nullptr) * 1024;
}

/// This program once, and twice: `count` is the memory of both through that of one. A hit: twice as much, or 1.9 times.
bool twice_the_memory(Counts& counts) {
  const auto start = [] {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) give_up_on_errno("pipe");
    const pid_t pid = fork_child();
    if (pid == 0) {
      dup2(ends[1], STDOUT_FILENO);
      execl("/proc/self/exe", "wakepath-trials-process", "sit", "1", nullptr);
      _exit(127);
    }
    close(ends[1]);
    char ready = 0;
    if (!read_whole(ends[0], &ready, 1)) give_up("the second program did not start");
    close(ends[0]);
    return pid;
  };
  const pid_t one = start();
  const double alone = proportional_bytes(one);
  const pid_t two = start();
  const double both = proportional_bytes(one) + proportional_bytes(two);
  for (const pid_t pid : {one, two}) {
    kill(pid, SIGKILL);
    status_of_child(pid);
  }
  counts["count"] += both / alone;
  return both >= 1.9 * alone;
}

/// For the trial above: there it is, and there it stays.
bool sit(Counts&) {
  if (write(STDOUT_FILENO, "r", 1) != 1) give_up_on_errno("write");
  pause();
  return false;
}

constexpr Trial kTrials[] = {
    {"own-number", own_number},
    {"same-program", same_program},
    {"fork-returns", fork_returns},
    {"variables-apart", variables_apart},
    {"zombie-until-asked", zombie_until_asked},
    {"gone-when-ignored", gone_when_ignored},
    {"ended-by-signal", ended_by_signal},
    {"status-comes-back", status_comes_back},
    {"waitpid-sleeps", waitpid_sleeps},
    {"waitpid-nohang-returns", waitpid_nohang_returns},
    {"sigchld-each", sigchld_each},
    {"sigchld-runs-handler", sigchld_runs_handler},
    {"signal-is-frail", signal_is_frail},
    {"one-pipe-is-one-way", one_pipe_is_one_way},
    {"twice-the-memory", twice_the_memory},
    {"sit", sit},
};

}  // namespace

int main(int argc, char** argv) { return run_trials(kTrials, argc, argv); }
