// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/capture/confine.hpp"

#include <cap-ng.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <seccomp.h>
#include <sys/prctl.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

namespace wp::capture {

namespace {

// The file and the messages; memory; time and waiting; signals and the command; the programs; the end.
constexpr std::array kAllowed = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(close),
    SCMP_SYS(fsync),
    SCMP_SYS(ftruncate),
    SCMP_SYS(fstat),
    SCMP_SYS(lseek),
    SCMP_SYS(mmap),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(mprotect),
    SCMP_SYS(brk),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(kill),
    SCMP_SYS(tgkill),
    SCMP_SYS(wait4),
    SCMP_SYS(waitid),
    SCMP_SYS(pidfd_send_signal),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_setaffinity),
    SCMP_SYS(membarrier),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

// Attach what is needed late, run the iterators again, look at maps and counters. Load nothing.
constexpr std::array kAllowedBpf = {BPF_RAW_TRACEPOINT_OPEN, BPF_LINK_CREATE,       BPF_ITER_CREATE,
                                    BPF_MAP_LOOKUP_ELEM,     BPF_MAP_UPDATE_ELEM,   BPF_MAP_GET_NEXT_KEY,
                                    BPF_MAP_DELETE_ELEM,     BPF_OBJ_GET_INFO_BY_FD};
static_assert(kAllowed.size() + 2 <= 40, "a short list, or it is none");

Error failed(const char* doing, int error) {
  return {ExitCode::kError, std::string("give up rights: ") + doing + ": " + std::strerror(error) +
                                "; nothing was recorded, for it would have run with more rights than it needs"};
}

// Failing is no reason to stop where there was nothing to lose: without CAP_SETPCAP the bounding set stays.
Result<void> drop_capabilities(MaySignal whom) {
  capng_clear(CAPNG_SELECT_BOTH);
  if (whom == MaySignal::kAnybody)
    capng_update(CAPNG_ADD, static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED), CAP_KILL);
  capng_apply(CAPNG_SELECT_BOUNDS);
  if (capng_apply(CAPNG_SELECT_CAPS) != 0) return failed("drop capabilities", errno);
  return {};
}

// Only with this value of that argument.
int allow_with(scmp_filter_ctx filter, int call, unsigned argument, std::uint64_t value) {
  const scmp_arg_cmp only{argument, SCMP_CMP_EQ, value, 0};
  return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &only);
}

int allow_calls(scmp_filter_ctx filter) {
  // How the C library asks about a descriptor; about a path it may not.
  if (const int error = allow_with(filter, SCMP_SYS(newfstatat), 3, AT_EMPTY_PATH); error) return error;
  for (const int call : kAllowed)
    if (const int error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 0, nullptr); error) return error;
  for (const auto command : kAllowedBpf)
    if (const int error = allow_with(filter, SCMP_SYS(bpf), 0, command); error) return error;
  return 0;
}

Result<void> filter_calls() {
  const std::unique_ptr<void, void (*)(scmp_filter_ctx)> filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)), seccomp_release);
  if (!filter) return failed("make a seccomp filter", ENOMEM);
  if (const int error = allow_calls(filter.get()); error) return failed("make a seccomp filter", -error);
  // A kernel without seccomp is no less safe than it was before.
  if (const int error = seccomp_load(filter.get()); error && error != -EINVAL && error != -ENOSYS)
    return failed("set a seccomp filter", -error);
  return {};
}

}  // namespace

Result<void> confine(MaySignal whom) {
  if (auto dropped = drop_capabilities(whom); !dropped) return dropped;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("no_new_privs", errno);
  return filter_calls();
}

}  // namespace wp::capture
