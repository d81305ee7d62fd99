// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Child: one process that we started and that never outlives us: the destructor ends it, by its own process id, and
// should we be killed before, the kernel does (parent-death signal).
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "userspace/base/result.hpp"
#include "userspace/base/unique_fd.hpp"

namespace wp::cli {

struct Pipe {
  UniqueFd read_end, write_end;
};

/// Closed in children that do not ask for an end of it.
Result<Pipe> make_pipe();

/// False: nothing came in time, or we were asked to stop (InterruptScope).
bool wait_readable(int fd, std::chrono::milliseconds patience);

class Child {
 public:
  enum class Stdout {
    kCapture,   ///< for read_line() and read_rest()
    kToStderr,  ///< our own stdout is for our data
  };
  using Milliseconds = std::chrono::milliseconds;

  /// argv[0] is a path. Standard input is empty. `keep_fd` stays open in the child; -1: none.
  static Result<Child> start(const std::vector<std::string>& argv, Stdout out, int keep_fd = -1);
  Child(Child&&) = default;
  Child& operator=(Child&&) = delete;
  ~Child();

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] const std::string& name() const { return name_; }

  /// The next line of its output, without the newline.
  Result<std::string> read_line(Milliseconds patience);
  /// The rest of its output, up to its end.
  Result<std::string> read_rest(Milliseconds patience);
  void signal(int number) const;
  [[nodiscard]] bool has_ended(Milliseconds patience = Milliseconds(0)) const;
  /// Its exit status, or 128 plus the signal that ended it.
  Result<int> wait(Milliseconds patience);

  /// By the kernel's own books, of it and of the children it waited for; known once it was waited for.
  struct Used {
    std::uint64_t cpu_ns = 0;
    std::uint64_t switches = 0;  ///< voluntary ones: it slept so often
  };
  [[nodiscard]] const Used& used() const { return used_; }

 private:
  Child(std::string name, pid_t pid, UniqueFd process, UniqueFd output)
      : name_(std::move(name)), pid_(pid), process_(std::move(process)), output_(std::move(output)) {}

  /// False: nothing came in time. At the end of the output it sets `ended`.
  bool read_more(std::chrono::steady_clock::time_point until, bool& ended);

  std::string name_;
  pid_t pid_;
  UniqueFd process_;  ///< a pidfd; empty once the process was waited for
  UniqueFd output_;
  std::string unread_;
  Used used_;
};

}  // namespace wp::cli
