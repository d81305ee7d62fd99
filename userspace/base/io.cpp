// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/base/io.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace wp {
namespace {

int status(int result) { return result < 0 ? -errno : result; }

}  // namespace

int IoVfs::open(const char* path, int flags, unsigned mode) { return status(::open(path, flags, mode)); }

ssize_t IoVfs::write(int fd, std::span<const std::byte> bytes) {
  const ssize_t written = ::write(fd, bytes.data(), bytes.size());
  return written < 0 ? -errno : written;
}

int IoVfs::fchown(int fd, uid_t uid, gid_t gid) { return status(::fchown(fd, uid, gid)); }

int IoVfs::fsync(int fd) { return status(::fsync(fd)); }

int IoVfs::ftruncate(int fd, off_t length) { return status(::ftruncate(fd, length)); }

int IoVfs::unlink(const char* path) { return status(::unlink(path)); }

int IoVfs::close(int fd) { return status(::close(fd)); }

IoVfs& system_io() {
  static IoVfs io;
  return io;
}

int write_all(IoVfs& io, int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = io.write(fd, bytes);
    if (written == -EINTR) continue;
    if (written < 0) return static_cast<int>(written);
    // A write that takes nothing and says nothing would be repeated for ever.
    if (written == 0) return -EIO;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return 0;
}

}  // namespace wp
