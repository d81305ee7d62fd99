// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/capture/syscalls.hpp"

#include <sys/syscall.h>

namespace wp::capture {

namespace {

constexpr wp_u8 kNo = WP_NO_ARG;

constexpr wp_call_info wait(wp_u8 timeout_kind, wp_u8 timeout_arg, wp_u8 fd_arg, wp_u8 count_arg) {
  return {WP_CALL_WAIT, timeout_kind, timeout_arg, fd_arg, count_arg, kNo, kNo, 0};
}
constexpr wp_call_info call(wp_u8 call_class, wp_u8 fd_arg = 0) {
  return {call_class, WP_TIMEOUT_NONE, kNo, fd_arg, kNo, kNo, kNo, 0};
}
constexpr wp_call_info send(wp_u8 flags_arg, wp_u8 parts_arg) {
  return {WP_CALL_SEND, WP_TIMEOUT_NONE, kNo, 0, kNo, flags_arg, parts_arg, 0};
}
constexpr wp_call_info reap(wp_u8 options_arg) {
  return {WP_CALL_REAP, WP_TIMEOUT_NONE, kNo, kNo, kNo, options_arg, kNo, 0};
}

}  // namespace

const std::vector<Syscall>& syscalls() {
  static const std::vector<Syscall> table = {
#ifdef SYS_epoll_wait
      {SYS_epoll_wait, "epoll_wait", wait(WP_TIMEOUT_MS, 3, 0, 2)},
#endif
      {SYS_epoll_pwait, "epoll_pwait", wait(WP_TIMEOUT_MS, 3, 0, 2)},
#ifdef SYS_epoll_pwait2
      {SYS_epoll_pwait2, "epoll_pwait2", wait(WP_TIMEOUT_TIMESPEC, 3, 0, 2)},
#endif
#ifdef SYS_poll
      {SYS_poll, "poll", wait(WP_TIMEOUT_MS, 2, kNo, 1)},
#endif
      {SYS_ppoll, "ppoll", wait(WP_TIMEOUT_TIMESPEC, 2, kNo, 1)},
#ifdef SYS_select
      {SYS_select, "select", wait(WP_TIMEOUT_TIMEVAL, 4, kNo, 0)},
#endif
      {SYS_pselect6, "pselect6", wait(WP_TIMEOUT_TIMESPEC, 4, kNo, 0)},
      {SYS_nanosleep, "nanosleep", wait(WP_TIMEOUT_TIMESPEC, 0, kNo, kNo)},
      {SYS_clock_nanosleep, "clock_nanosleep", wait(WP_TIMEOUT_TIMESPEC, 2, kNo, kNo)},
      {SYS_read, "read", call(WP_CALL_READ)},
      {SYS_readv, "readv", call(WP_CALL_READ)},
      {SYS_recvfrom, "recvfrom", call(WP_CALL_READ)},
      {SYS_recvmsg, "recvmsg", call(WP_CALL_READ)},
      {SYS_recvmmsg, "recvmmsg", call(WP_CALL_READ_MANY)},
      {SYS_io_uring_enter, "io_uring_enter", call(WP_CALL_RING, kNo)},
      {SYS_write, "write", send(kNo, kNo)},
      {SYS_writev, "writev", send(kNo, 2)},
      {SYS_sendto, "sendto", send(3, kNo)},
      {SYS_sendmsg, "sendmsg", send(2, kNo)},
      {SYS_sendmmsg, "sendmmsg", send(3, 2)},
      {SYS_sendfile, "sendfile", send(kNo, kNo)},
      {SYS_accept, "accept", call(WP_CALL_ACCEPT)},
      {SYS_accept4, "accept4", call(WP_CALL_ACCEPT)},
      {SYS_socket, "socket", call(WP_CALL_CREATE, kNo)},
      {SYS_sched_yield, "sched_yield", call(WP_CALL_YIELD, kNo)},
      // of these only the name is wanted: tasks sleep in them
      {SYS_futex, "futex", {}},
      {SYS_wait4, "wait4", {}},
      {SYS_waitid, "waitid", {}},
      {SYS_rt_sigsuspend, "rt_sigsuspend", {}},
      {SYS_rt_sigtimedwait, "rt_sigtimedwait", {}},
#ifdef SYS_pause
      {SYS_pause, "pause", {}},
#endif
      {SYS_restart_syscall, "restart_syscall", {}},
      {SYS_semtimedop, "semtimedop", {}},
      {SYS_socketpair, "socketpair", call(WP_CALL_PAIR, kNo)},
      {SYS_wait4, "wait4", reap(2)},
      {SYS_waitid, "waitid", reap(3)},
      {SYS_close, "close", call(WP_CALL_CLOSE)},
  };
  return table;
}

const std::vector<CallName>& other_calls() {
  static const std::vector<CallName> table = {
      {SYS_futex, "futex"},
      {SYS_fsync, "fsync"},
      {SYS_fdatasync, "fdatasync"},
      {SYS_openat, "openat"},
      {SYS_close, "close"},
      {SYS_pread64, "pread64"},
      {SYS_pwrite64, "pwrite64"},
      {SYS_preadv, "preadv"},
      {SYS_pwritev, "pwritev"},
      {SYS_preadv2, "preadv2"},
      {SYS_pwritev2, "pwritev2"},
      {SYS_sync_file_range, "sync_file_range"},
      {SYS_fallocate, "fallocate"},
      {SYS_ftruncate, "ftruncate"},
      {SYS_renameat2, "renameat2"},
      {SYS_unlinkat, "unlinkat"},
      {SYS_newfstatat, "fstatat"},
      {SYS_getdents64, "getdents64"},
      {SYS_flock, "flock"},
      {SYS_fcntl, "fcntl"},
      {SYS_splice, "splice"},
      {SYS_wait4, "wait4"},
      {SYS_waitid, "waitid"},
      {SYS_rt_sigtimedwait, "rt_sigtimedwait"},
      {SYS_connect, "connect"},
      {SYS_shutdown, "shutdown"},
      {SYS_sched_yield, "sched_yield"},
      {SYS_mmap, "mmap"},
      {SYS_munmap, "munmap"},
      {SYS_mprotect, "mprotect"},
      {SYS_madvise, "madvise"},
      {SYS_msync, "msync"},
      {SYS_brk, "brk"},
      {SYS_clone, "clone"},
      {SYS_clone3, "clone3"},
      {SYS_execve, "execve"},
      {SYS_semtimedop, "semtimedop"},
      {SYS_mq_timedreceive, "mq_timedreceive"},
      {SYS_io_getevents, "io_getevents"},
#ifdef SYS_pause
      {SYS_pause, "pause"},
#endif
#ifdef SYS_open
      {SYS_open, "open"},
#endif
#ifdef SYS_stat
      {SYS_stat, "stat"},
#endif
#ifdef SYS_rename
      {SYS_rename, "rename"},
#endif
#ifdef SYS_unlink
      {SYS_unlink, "unlink"},
#endif
  };
  return table;
}

}  // namespace wp::capture
