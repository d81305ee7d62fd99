// SPDX-License-Identifier: GPL-2.0-or-later
// Preloaded into the recorder (LD_PRELOAD): makes the n-th call of one function fail, or ends the process there.
// WP_FAULT=FUNCTION:N:HOW[:ever], FUNCTION one of write open fsync ftruncate close fchown mmap bpf, HOW an errno's
// number, `short` (a write takes half) or `kill` (SIGKILL at that point). Calls are counted from the first, for files
// that matter: write counts regular files only.
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

struct Fault {
  char function[16] = "";
  long nth = 0;
  int error = 0;
  bool is_short = false, is_kill = false, is_lasting = false;
};

Fault parse() {
  Fault fault;
  const char* text = std::getenv("WP_FAULT");
  if (text == nullptr) return fault;
  const char* colon = std::strchr(text, ':');
  if (colon == nullptr || colon - text >= static_cast<long>(sizeof fault.function)) return fault;
  std::memcpy(fault.function, text, static_cast<std::size_t>(colon - text));
  char* rest = nullptr;
  fault.nth = std::strtol(colon + 1, &rest, 10);
  if (*rest != ':') return fault;
  ++rest;
  fault.is_short = std::strncmp(rest, "short", 5) == 0;
  fault.is_kill = std::strncmp(rest, "kill", 4) == 0;
  fault.error = static_cast<int>(std::strtol(rest, nullptr, 10));
  fault.is_lasting = std::strstr(rest, ":ever") != nullptr;
  return fault;
}

const Fault& fault() {
  static const Fault parsed = parse();
  return parsed;
}

std::atomic<long> calls{0};
int recording = -2;  // the file that was made last

// Is this the call?
bool strikes(const char* function) {
  const Fault& f = fault();
  if (f.nth == 0 || std::strcmp(f.function, function) != 0) return false;
  const long n = ++calls;
  if (n != f.nth && !(f.is_lasting && n > f.nth)) return false;
  // An interruption for ever is no fault of the file system: let every other call through.
  if (f.is_lasting && f.error == EINTR && (n - f.nth) % 2 != 0) return false;
  if (f.is_kill) raise(SIGKILL);
  return true;
}

template <typename Function>
Function* real(Function*, const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

int failed() {
  errno = fault().error;
  return -1;
}

void tell(const char* name, bool was_refused) {
  dprintf(STDERR_FILENO, "tried %s: %s\n", name, was_refused ? "refused" : "ALLOWED");
}

// By number, past the wrappers: what counts is what the kernel says.
void try_forbidden() {
  char* const none[] = {nullptr};
  const auto is_refused = [](long result) { return result == -1 && errno == EPERM; };
  tell("open", is_refused(::syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY)));
  tell("socket", is_refused(::syscall(SYS_socket, 2, 1, 0)));
  tell("execve", is_refused(::syscall(SYS_execve, "/bin/true", none, none)));
  tell("fork", is_refused(::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)));
  tell("setuid", is_refused(::syscall(SYS_setuid, 65534)));
  tell("ptrace", is_refused(::syscall(SYS_ptrace, 0, 0, 0, 0)));
  tell("bpf_prog_load", is_refused(::syscall(SYS_bpf, 5, nullptr, 0)));
  tell("unlink", is_refused(::syscall(SYS_unlink, "/nonexistent")));
}

bool is_regular(int fd) {
  struct stat st {};
  return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* bytes, size_t length) {
  static auto* const next = real(&write, "write");
  if (!is_regular(fd) || !strikes("write")) return next(fd, bytes, length);
  if (fault().is_short) return next(fd, bytes, (length + 1) / 2);
  if (fault().error != EINTR && length > 1) return next(fd, bytes, length / 2) < 0 ? -1 : failed();
  return failed();
}

int open(const char* path, int flags, ...) {
  static auto* const next = real(&open, "open");
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = va_arg(arguments, mode_t);
  va_end(arguments);
  if (!(flags & O_CREAT)) return next(path, flags, mode);
  if (strikes("open")) return failed();
  return recording = next(path, flags, mode);
}

int fsync(int fd) {
  static auto* const next = real(&fsync, "fsync");
  return strikes("fsync") ? failed() : next(fd);
}

int ftruncate(int fd, off_t length) {
  static auto* const next = real(&ftruncate, "ftruncate");
  return strikes("ftruncate") ? failed() : next(fd, length);
}

int fchown(int fd, uid_t uid, gid_t gid) {
  static auto* const next = real(&fchown, "fchown");
  return strikes("fchown") ? failed() : next(fd, uid, gid);
}

int close(int fd) {
  static auto* const next = real(&close, "close");
  const bool struck = fd == recording && strikes("close");
  const int closed = next(fd);
  return struck ? failed() : closed;
}

void* mmap(void* at, size_t length, int protection, int flags, int fd, off_t offset) {
  static auto* const next = real(&mmap, "mmap");
  if (fd >= 0 && strikes("mmap")) {
    failed();
    return MAP_FAILED;
  }
  return next(at, length, protection, flags, fd, offset);
}

// The recorder sleeps between two looks at its rings, and nowhere before.
int usleep(useconds_t time) {
  static auto* const next = real(&usleep, "usleep");
  static const bool wanted = std::getenv("WP_TRY_FORBIDDEN") != nullptr;
  static bool tried = false;
  if (wanted && !tried) {
    tried = true;
    try_forbidden();
  }
  return next(time);
}

// libbpf has no wrapper of the C library for bpf(2).
long syscall(long number, ...) {
  static auto* const next = real(&syscall, "syscall");
  long a[6];
  va_list arguments;
  va_start(arguments, number);
  for (long& one : a) one = va_arg(arguments, long);
  va_end(arguments);
  if (number == SYS_bpf && strikes("bpf")) return failed();
  return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
}
