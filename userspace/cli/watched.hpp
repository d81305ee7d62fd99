// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "userspace/base/unique_fd.hpp"

namespace wp::cli {

/// Holds the processes named with -p by descriptor, so that a reused number is never taken for them.
class Watched {
 public:
  explicit Watched(const std::vector<pid_t>& pids) {
    for (const pid_t pid : pids) fds_.emplace_back(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  }
  [[nodiscard]] bool all_ended() const {
    return !fds_.empty() && std::none_of(fds_.begin(), fds_.end(), [](const UniqueFd& fd) {
      return fd && (syscall(SYS_pidfd_send_signal, fd.get(), 0, nullptr, 0) == 0 || errno == EPERM);
    });
  }

 private:
  std::vector<UniqueFd> fds_;
};

}  // namespace wp::cli
