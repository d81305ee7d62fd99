// SPDX-License-Identifier: GPL-2.0-or-later
// Preloaded into the recorder (LD_PRELOAD): makes the n-th call of one function fail, or ends the process there.
// WP_FAULT=FUNCTION:N:HOW[:ever][,...], FUNCTION one of write open fsync ftruncate close fchown unlink mmap bpf, HOW an
// errno's number, `short` (a write takes half) or `kill` (SIGKILL at that point). Calls are counted from the first, for
// files that matter: write counts regular files only. Each call that is struck writes the function's first letter to
// the descriptor WP_FAULT_TOLD.
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
  std::atomic<long> calls{0};
};

void parse(const char* text, Fault& fault) {
  const char* colon = std::strchr(text, ':');
  if (colon == nullptr || colon - text >= static_cast<long>(sizeof fault.function)) return;
  std::memcpy(fault.function, text, static_cast<std::size_t>(colon - text));
  char* rest = nullptr;
  fault.nth = std::strtol(colon + 1, &rest, 10);
  if (*rest != ':') return;
  ++rest;
  fault.is_short = std::strncmp(rest, "short", 5) == 0;
  fault.is_kill = std::strncmp(rest, "kill", 4) == 0;
  fault.error = static_cast<int>(std::strtol(rest, nullptr, 10));
  const char* next = std::strchr(rest, ',');
  const char* ever = std::strstr(rest, ":ever");
  fault.is_lasting = ever != nullptr && (next == nullptr || ever < next);
}

constexpr std::size_t kMostFaults = 4;

Fault* faults() {
  static Fault all[kMostFaults];
  static const bool is_parsed = [] {
    const char* text = std::getenv("WP_FAULT");
    for (std::size_t i = 0; text != nullptr && i < kMostFaults; ++i) {
      parse(text, all[i]);
      text = std::strchr(text, ',');
      if (text != nullptr) ++text;
    }
    return true;
  }();
  (void)is_parsed;
  return all;
}

void tell_struck(const char* function) {
  static const char* const told = std::getenv("WP_FAULT_TOLD");
  if (told != nullptr) [[maybe_unused]]
    const long n = ::syscall(SYS_write, std::atoi(told), function, 1);
}

int recording = -2;  // the file that was made last

// The fault that strikes this call, if any does.
const Fault* strikes(const char* function) {
  for (Fault* f = faults(); f != faults() + kMostFaults; ++f) {
    if (f->nth == 0 || std::strcmp(f->function, function) != 0) continue;
    const long n = ++f->calls;
    if (n != f->nth && !(f->is_lasting && n > f->nth)) continue;
    // An interruption for ever is no fault of the file system: let every other call through.
    if (f->is_lasting && f->error == EINTR && (n - f->nth) % 2 != 0) continue;
    tell_struck(function);
    if (f->is_kill) raise(SIGKILL);
    return f;
  }
  return nullptr;
}

template <typename Function>
Function* real(Function*, const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

int failed(const Fault& fault) {
  errno = fault.error;
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
  const Fault* fault = is_regular(fd) ? strikes("write") : nullptr;
  if (fault == nullptr) return next(fd, bytes, length);
  if (fault->is_short) return next(fd, bytes, (length + 1) / 2);
  if (fault->error != EINTR && length > 1) return next(fd, bytes, length / 2) < 0 ? -1 : failed(*fault);
  return failed(*fault);
}

int open(const char* path, int flags, ...) {
  static auto* const next = real(&open, "open");
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = va_arg(arguments, mode_t);
  va_end(arguments);
  if (!(flags & O_CREAT)) return next(path, flags, mode);
  if (const Fault* fault = strikes("open")) return failed(*fault);
  return recording = next(path, flags, mode);
}

int fsync(int fd) {
  static auto* const next = real(&fsync, "fsync");
  const Fault* fault = strikes("fsync");
  return fault != nullptr ? failed(*fault) : next(fd);
}

int ftruncate(int fd, off_t length) {
  static auto* const next = real(&ftruncate, "ftruncate");
  const Fault* fault = strikes("ftruncate");
  return fault != nullptr ? failed(*fault) : next(fd, length);
}

int fchown(int fd, uid_t uid, gid_t gid) {
  static auto* const next = real(&fchown, "fchown");
  const Fault* fault = strikes("fchown");
  return fault != nullptr ? failed(*fault) : next(fd, uid, gid);
}

int unlink(const char* path) {
  static auto* const next = real(&unlink, "unlink");
  const Fault* fault = strikes("unlink");
  return fault != nullptr ? failed(*fault) : next(path);
}

int close(int fd) {
  static auto* const next = real(&close, "close");
  const Fault* fault = fd == recording ? strikes("close") : nullptr;
  const int closed = next(fd);
  return fault != nullptr ? failed(*fault) : closed;
}

void* mmap(void* at, size_t length, int protection, int flags, int fd, off_t offset) {
  static auto* const next = real(&mmap, "mmap");
  const Fault* fault = fd >= 0 ? strikes("mmap") : nullptr;
  if (fault == nullptr) return next(at, length, protection, flags, fd, offset);
  failed(*fault);
  return MAP_FAILED;
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
  const Fault* fault = number == SYS_bpf ? strikes("bpf") : nullptr;
  if (fault != nullptr) return failed(*fault);
  return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
}
