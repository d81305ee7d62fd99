// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/cli/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "userspace/cli/interrupt.hpp"

namespace wp::cli {
namespace {

using Clock = std::chrono::steady_clock;

Error failed(const std::string& doing) {
  return {ExitCode::kError, fmt::format("{}: {}", doing, std::strerror(errno))};
}

/// False: not in time, or we were asked to stop.
bool wait_readable(int fd, Clock::time_point until) {
  // In slices, for a signal may come just before poll().
  constexpr std::int64_t kSliceMs = 200;
  for (;;) {
    const std::int64_t left_ms = std::chrono::ceil<Child::Milliseconds>(until - Clock::now()).count();
    pollfd watched{fd, POLLIN, 0};
    const int ready = poll(&watched, 1, static_cast<int>(std::clamp<std::int64_t>(left_ms, 0, kSliceMs)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
    if (InterruptScope::requested() || left_ms <= 0) return false;
  }
}

/// In the child, between fork and exec. Returns only when it failed.
void become(char* const* argv, int out, int keep_fd, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // it ended before prctl
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0) return;
  if (keep_fd >= 0 && fcntl(keep_fd, F_SETFD, 0) != 0) return;
  execv(argv[0], argv);
}

}  // namespace

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return failed("make a pipe");
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

bool wait_readable(int fd, std::chrono::milliseconds patience) { return wait_readable(fd, Clock::now() + patience); }

Result<Child> Child::start(const std::vector<std::string>& argv, Stdout out, int keep_fd) {
  const std::string name = std::filesystem::path(argv.at(0)).filename();
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));  // exec does not write
  words.push_back(nullptr);

  auto output = make_pipe();
  if (!output) return std::move(output.error());
  auto failure = make_pipe();  // closed by a successful exec, else it carries errno
  if (!failure) return std::move(failure.error());
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return failed("start " + name);
  if (pid == 0) {
    become(words.data(), out == Stdout::kCapture ? output->write_end.get() : STDERR_FILENO, keep_fd, parent);
    const int error = errno;
    [[maybe_unused]] const ssize_t told = write(failure->write_end.get(), &error, sizeof error);
    _exit(127);
  }
  // glibc 2.36 declares pidfd_open() without C linkage: by number until that is history.
  UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!process) {
    Error error = failed("watch " + name);
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return error;
  }
  Child child(name, pid, std::move(process), std::move(output->read_end));
  failure->write_end.reset();
  int error = 0;
  if (read(failure->read_end.get(), &error, sizeof error) == sizeof error) {
    errno = error;
    return failed("start " + argv[0]);
  }
  return child;
}

Child::~Child() {
  if (!process_) return;
  signal(SIGTERM);
  if (!has_ended(std::chrono::seconds(2))) signal(SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void Child::signal(int number) const {
  // Not waited for yet, so the id is still its own, even if it has ended.
  if (process_) kill(pid_, number);
}

bool Child::has_ended(Milliseconds patience) const {
  return !process_ || wait_readable(process_.get(), Clock::now() + patience);
}

Result<int> Child::wait(Milliseconds patience) {
  if (!has_ended(patience)) {
    return Error{ExitCode::kError, fmt::format("{} did not end within {} ms", name_, patience.count())};
  }
  int status = 0;
  rusage use{};
  if (wait4(pid_, &status, 0, &use) != pid_) return failed("wait for " + name_);
  process_.reset();
  const auto ns = [](const timeval& t) {
    return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(t.tv_usec) * 1000U;
  };
  used_ = {ns(use.ru_utime) + ns(use.ru_stime), static_cast<std::uint64_t>(use.ru_nvcsw)};
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool Child::read_more(Clock::time_point until, bool& ended) {
  if (!wait_readable(output_.get(), until)) return false;
  std::array<char, 4096> room;
  const ssize_t got = read(output_.get(), room.data(), room.size());
  ended = got <= 0;
  if (got > 0) unread_.append(room.data(), static_cast<std::size_t>(got));
  return true;
}

Result<std::string> Child::read_line(Milliseconds patience) {
  const auto until = Clock::now() + patience;
  for (bool ended = false;;) {
    if (const auto newline = unread_.find('\n'); newline != std::string::npos) {
      std::string line = unread_.substr(0, newline);
      unread_.erase(0, newline + 1);
      return line;
    }
    if (ended) return Error{ExitCode::kError, name_ + " ended its output early"};
    if (!read_more(until, ended)) return Error{ExitCode::kError, name_ + " said nothing in time"};
  }
}

Result<std::string> Child::read_rest(Milliseconds patience) {
  const auto until = Clock::now() + patience;
  for (bool ended = false; !ended;) {
    if (!read_more(until, ended)) return Error{ExitCode::kError, name_ + " did not come to an end in time"};
  }
  return std::exchange(unread_, {});
}

}  // namespace wp::cli
