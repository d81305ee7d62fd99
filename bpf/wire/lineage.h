/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields of the events about processes, signals and descriptors. Part of events.h, which gives them their kinds. */
#ifndef WP_WIRE_LINEAGE_H
#define WP_WIRE_LINEAGE_H

/* Flags of a reap. */
#define WP_REAP_WAITID 1u /* by waitid: the child's number was read from its siginfo */

/* Flags of a task's exit. */
#define WP_EXIT_NOBODY_ASKS 1u /* its parent ignores SIGCHLD or has SA_NOCLDWAIT: the kernel keeps no zombie of it */

/* clang-format off */

#define WP_FIELDS_task(F)                                                                          \
	F(wp_u64, start_ns, "start time: with tid its identity")                                   \
	F(wp_u32, tid, "thread")                                                                   \
	F(wp_u32, pid, "its process")                                                              \
	F(wp_u32, ppid, "the process's parent")                                                    \
	F(wp_u32, why, "WP_WHYS")                                                                  \
	F(struct wp_comm, comm, "name")

#define WP_FIELDS_task_exit(F)                                                                     \
	F(wp_u64, start_ns, "start time")                                                          \
	F(wp_u32, tid, "thread")                                                                   \
	F(wp_u32, pid, "its process")                                                              \
	F(wp_s32, code, "exit code as wait(2) has it")                                             \
	F(wp_u32, flags, "WP_EXIT_*")

#define WP_FIELDS_reap_call(F)                                                                     \
	F(wp_u64, start_ns, "the caller's start time")                                             \
	F(wp_u64, enter_ns, "entry of the system call; the record's own time is its exit")         \
	F(wp_s64, ret, "process reaped, 0: none had ended (WNOHANG), or -errno")                   \
	F(wp_u32, tid, "caller")                                                                   \
	F(wp_u32, pid, "its process")                                                              \
	F(wp_u32, options, "WNOHANG and the like")                                                 \
	F(wp_u16, nr, "system call number")                                                        \
	F(wp_u8, slept, "1: the task left its CPU to sleep inside the call")                       \
	F(wp_u8, flags, "WP_REAP_*")

#define WP_FIELDS_signal_sent(F)                                                                   \
	F(wp_u64, start_ns, "start time of the task it is for")                                    \
	F(wp_u32, tid, "the task it is for; of a signal to a process: its first thread")           \
	F(wp_u32, pid, "its process")                                                              \
	F(wp_u32, sender_tid, "task in whose context it was sent, 0: not in a task's")             \
	F(wp_u32, sender_pid, "its process")                                                       \
	F(wp_s32, code, "si_code: SI_USER, CLD_EXITED, SI_KERNEL, ...")                            \
	F(wp_u16, sig, "signal number")                                                            \
	F(wp_u8, result, "0: delivered, 1: ignored, 2: already pending, 3 and 4: lost for want of memory") \
	F(wp_u8, to_process, "1: any thread of the process may take it")                           \
	F(struct wp_comm, sender_comm, "name of the sender")

#define WP_FIELDS_signal_taken(F)                                                                  \
	F(wp_u64, start_ns, "the task's start time")                                               \
	F(wp_u64, handler, "0: the default action, 1: ignored, else the address of a handler")     \
	F(wp_u32, tid, "task that takes it")                                                       \
	F(wp_u32, pid, "its process")                                                              \
	F(wp_u32, sig, "signal number")                                                            \
	F(wp_u32, in_call, "system call it was in plus 1, 0: none that is recorded")

#define WP_FIELDS_close_call(F)                                                                    \
	F(wp_u64, start_ns, "the task's start time")                                               \
	F(wp_s64, ret, "0 or -errno")                                                              \
	F(wp_u32, tid, "caller")                                                                   \
	F(wp_u32, pid, "its process")                                                              \
	F(wp_s32, fd, "descriptor closed")                                                         \
	F(wp_u32, unused, "0")

/* clang-format on */

#endif
