// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What the recording writer asks of the system, behind one narrow struct, so that a test can make the
// n-th call fail. Every call returns -errno on failure, like the system call below the C library.
#include <sys/types.h>

#include <cstddef>
#include <span>

namespace wp {

class IoVfs {
 public:
  IoVfs() = default;
  IoVfs(const IoVfs&) = delete;
  IoVfs& operator=(const IoVfs&) = delete;
  virtual ~IoVfs() = default;

  virtual int open(const char* path, int flags, unsigned mode);
  virtual ssize_t write(int fd, std::span<const std::byte> bytes);
  virtual int fchown(int fd, uid_t uid, gid_t gid);
  virtual int fsync(int fd);
  virtual int ftruncate(int fd, off_t length);
  virtual int unlink(const char* path);
  virtual int close(int fd);
};

/// The real system.
IoVfs& system_io();

/// Writes all of it, through interruptions and short writes; 0 or -errno.
int write_all(IoVfs& io, int fd, std::span<const std::byte> bytes);

}  // namespace wp
