/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every event, defined once.
 *
 * Plain C, included by the BPF programs and by the C++ side. The C++ variant, the decoder, the
 * text form, the JSON names, the layout locks and docs/events.md are all produced from the rows below.
 *
 * Rules: fixed-width types, no pointers, no bit-fields, no padding, every struct a multiple of 8 bytes.
 * Numbers are append-only and never reused; fields are appended only, so that a reader takes
 * min(record size, own size) and zero-fills. A time of 0 means "not seen", never "at time zero".
 */
#ifndef WP_WIRE_EVENTS_H
#define WP_WIRE_EVENTS_H

#ifdef __cplusplus
#include <cstdint>
typedef std::uint8_t wp_u8;
typedef std::uint16_t wp_u16;
typedef std::uint32_t wp_u32;
typedef std::uint64_t wp_u64;
typedef std::int32_t wp_s32;
typedef std::int64_t wp_s64;
#else
typedef unsigned char wp_u8;
typedef unsigned short wp_u16;
typedef unsigned int wp_u32;
typedef unsigned long long wp_u64;
typedef int wp_s32;
typedef long long wp_s64;
#endif

#include "arrival.h"
#include "hooks.h"

/* Major: a reader refuses a newer one. Minor: kinds or fields were appended. */
#define WP_WIRE_MAJOR 1
#define WP_WIRE_MINOR 4

struct wp_header {
	wp_u64 ts_ns; /* CLOCK_MONOTONIC, read after the record was reserved */
	wp_u64 seq;   /* per CPU, taken before the reserve: a failed reserve leaves a hole */
	wp_u16 kind;  /* WP_KIND_* */
	wp_u16 size;  /* of the whole record, this header included */
	wp_u32 cpu;
};

struct wp_comm {
	char s[16]; /* NUL-terminated unless 16 bytes long; any bytes */
};
struct wp_text {
	char s[64]; /* the same */
};
struct wp_addr {
	wp_u8 b[16]; /* IPv4 in the first four bytes, network order */
};

/* clang-format off */

/* How an entry of a wait queue waits, told by its wake function. */
#define WP_MECHANISMS(X)                                                                          \
	X(0, none,      "nobody was on the wait queue")                                            \
	X(1, epoll,     "ep_poll_callback")                                                        \
	X(2, poll,      "pollwake: select or poll, told apart by the waiter's system call")        \
	X(3, blocking,  "woken_wake_function or receiver_wake_function: a blocking receive")       \
	X(4, accept,    "autoremove_wake_function: a blocking accept or the like")                 \
	X(5, io_uring,  "io_poll_wake")                                                            \
	X(6, other,     "a wake function we know by its symbol only")                              \
	X(7, unknown,   "the entry did not check out")                                             \
	X(8, select,    "pollwake of a waiter inside select or pselect6; set by the analysis only")

/* The context a hook ran in, by the entries and exits of interrupts and softirqs on that CPU. */
#define WP_LEVELS(X)                                                                               \
	X(0, task,    "a task's own context")                                                      \
	X(1, softirq, "a softirq")                                 \
	X(2, hardirq, "a hardware interrupt")                                                      \
	X(3, unknown, "not told")

#define WP_FILE_KINDS(X)                                                                           \
	X(0, unknown, "not looked at")                                                             \
	X(1, socket,  "a socket")                                                                  \
	X(2, pipe,    "a pipe or FIFO")                                                            \
	X(3, other,   "anything else")

/* Why a socket or a task came to be known. */
#define WP_WHYS(X)                                                                                 \
	X(0, start,   "it existed when the recording began")                                       \
	X(1, listen,  "a watched task listens on it")                                              \
	X(2, connect, "a watched task connects it")                                                \
	X(3, passive, "born of a watched listener")                                                \
	X(4, used,    "a watched task used it")                                                    \
	X(5, port,    "its port was asked for")                                                    \
	X(6, all,     "everything is watched")                                                     \
	X(7, fork,    "child of a watched task")                                                   \
	X(8, exec,    "a watched task executed a new program, or its new name matched")            \
	X(9, cgroup,  "it moved into the watched cgroup")                                          \
	X(10, created,"a watched task created it")

/* What a name record names. */
#define WP_NAME_SPACES(X)                                                                          \
	X(0, irq,         "interrupt line -> name of the action that ran")                         \
	X(1, netdev,      "network namespace << 32 | interface index -> name")                                               \
	X(2, symbol,      "kernel address -> symbol")                                              \
	X(3, drop_reason, "skb drop reason -> name")                                               \
	X(4, syscall,     "system call number -> name")                                            \
	X(5, netdev_kind, "the same key -> driver or kind, such as loopback, veth, virtio_net")

/* What kept a CPU from its task for a while. */
#define WP_SLICES(X)                                                                               \
	X(0, irq,     "a device's interrupt handler: number is the line")                          \
	X(1, softirq, "a softirq: number is its vector")                                           \
	X(2, timer,   "the local timer's interrupt")                                               \
	X(3, napi,    "a NAPI poll: number is the NAPI instance, 0: it has none")

/* Flags of a witness entry. */
#define WP_WITNESS_EXCLUSIVE 1u /* WQ_FLAG_EXCLUSIVE: one waiter of several is woken */
#define WP_WITNESS_WAITING   2u /* a task was asleep behind the entry at that moment */

/* Flags of a delivery. */
#define WP_DELIVERY_FIN      1u /* the peer's FIN is part of the range (its last unit is no data byte) */
#define WP_DELIVERY_BACKLOG  2u /* processed by the socket's owner, from its backlog */
#define WP_DELIVERY_LISTENER 4u /* a connection became ready to accept, not data */
#define WP_DELIVERY_DATAGRAM 8u /* the range counts datagrams, not bytes */
#define WP_DELIVERY_DEFERRED 16u /* ksoftirqd took packets in on that CPU while this one waited there */
#define WP_DELIVERY_FORWARDED 32u /* the packet passed further devices, such as a bridge or veth, on its way */
#define WP_DELIVERY_TCP_CLOCK 64u /* protocol_ns is TCP's own reading of the clock, not the hook's */
#define WP_DELIVERY_CLOCK_SENT 128u /* with it: TCP sent since, and may have read the clock again for that */

/* Flags of a read. */
#define WP_READ_UNSURE    1u /* two reads of this socket overlapped: the range may be off */
#define WP_READ_DATAGRAM  2u /* the range counts datagrams, not bytes */
#define WP_READ_SLEPT     4u /* the task left its CPU to sleep inside this call */
#define WP_READ_BY_RING   8u /* io_uring received for the task, in its context: no read call of its own */
#define WP_READ_LIGHT    16u /* returns of calls are not watched: the record was made when the data was copied */

/* Flags of a send. */
#define WP_SEND_BY_RING 1u /* io_uring sent for the task: enter_ns is 0, the record's time is when it was done */

/* Flags of a run. */
#define WP_RUN_UNSEEN 1u /* the kernel reported no switch to it: it was found running at this time */
#define WP_RUN_WATCHED_CPU 2u /* while it waited for this CPU, every switch there left a record */

/* Flags of a task switch: what the task that now runs is. */
#define WP_SWITCH_KTHREAD 1u
#define WP_SWITCH_WATCHED 2u
#define WP_SWITCH_SELF    4u /* the recorder */

/*
 * Fields. F(type, name, "what it says, with its unit")
 */
#define WP_FIELDS_delivery(F)                                                                      \
	F(wp_u64, cookie, "socket")                                                                \
	F(wp_u64, begin, "first unit made readable: offset in the stream, or ordinal of the datagram") \
	F(wp_u64, end, "one past the last")                                                        \
	F(wp_u64, skb, "address of the packet, 0 if unknown; an identity only together with stack_ns") \
	F(wp_u64, irq_ns, "entry of the interrupt handler that led to the softirq, 0: none seen")  \
	F(wp_u64, raise_ns, "softirq_raise, 0: not attached, or nothing was raised; irq_ns is then the last interrupt before the softirq")                                                       \
	F(wp_u64, softirq_ns, "softirq_entry")                                                     \
	F(wp_u64, driver_ns, "the driver, or the sending side of a virtual device, hands the packet over") \
	F(wp_u64, stack_ns, "netif_receive_skb")                                                   \
	F(wp_u64, protocol_ns, "tcp_probe, or the clock that TCP reads next to it (tcp_mstamp_refresh)") \
	F(wp_u64, w_func, "first wait-queue entry: address of its wake function")                  \
	F(wp_u64, w_start_ns, "first entry: start time of the task it leads to")                   \
	F(wp_u32, w_tid, "first entry: the task it leads to, 0: none or unknown")                  \
	F(wp_s32, w_fd, "first entry: file descriptor where epoll knows it, else -1")              \
	F(wp_u32, unread, "bytes (datagrams) readable after this delivery")                        \
	F(wp_u32, len, "bytes of the packet")                                                      \
	F(wp_u32, irq, "interrupt line")                                                           \
	F(wp_u32, ifindex, "interface the packet came in by, 0: none")                             \
	F(wp_u32, napi_id, "NAPI instance, 0: unknown")                                            \
	F(wp_u32, packet_index, "how many packets this softirq, or NAPI thread since its wake, had taken before this one") \
	F(wp_u32, sender_tid, "task whose context it was, where the level is task; else 0")        \
	F(wp_u16, queue, "receive queue plus 1, 0: not recorded by the driver")                    \
	F(wp_u16, segs, "frames behind a merged packet, 0 or 1: not merged")                       \
	F(wp_u16, stack_cpu, "CPU that took the packet through the stack")                         \
	F(wp_u16, driver_cpu, "CPU on which the driver handed it over")                            \
	F(wp_u8, flags, "WP_DELIVERY_*")                                                           \
	F(wp_u8, level, "WP_LEVELS: context of the delivery")                                      \
	F(wp_u8, softirq_how, "WP_SOFTIRQ_HOWS")                                                   \
	F(wp_u8, irq_over, "WP_IRQ_OVERS")                                                         \
	F(wp_u8, driver_hook, "WP_DRIVER_HOOKS")                                                   \
	F(wp_u8, w_mech, "first entry: WP_MECHANISMS")                                             \
	F(wp_u8, w_flags, "first entry: WP_WITNESS_*")                                             \
	F(wp_u8, w_count, "entries on the wait queue; further ones follow as witness records; 255: the walk was cut") \
	F(wp_u32, netns, "inode number of the interface's network namespace")                      \
	F(wp_u64, looked_ns, "when the wait queue was seen with nobody asleep behind its first entry, 0: somebody was")

#define WP_FIELDS_witness(F)                                                                       \
	F(wp_u64, delivery, "seq of the delivery, on the same CPU")                                \
	F(wp_u64, func, "address of the wake function")                                            \
	F(wp_u64, start_ns, "start time of the task the entry leads to")                           \
	F(wp_u32, tid, "that task, 0: none or unknown")                                            \
	F(wp_s32, fd, "file descriptor where epoll knows it, else -1")                             \
	F(wp_u32, index, "position on the wait queue, from 1 (0 travels in the delivery)")         \
	F(wp_u16, mech, "WP_MECHANISMS")                                                           \
	F(wp_u16, flags, "WP_WITNESS_*")

#define WP_FIELDS_run(F)                                                                           \
	F(wp_u64, start_ns, "the task's start time: with tid its identity")                        \
	F(wp_u64, off_ns, "when it last left a CPU, 0: not seen")                                  \
	F(wp_u64, waking_ns, "sched_waking, 0: it was not woken (it was preempted) or not seen")   \
	F(wp_u64, runnable_ns, "sched_wakeup, 0: not seen")                                        \
	F(wp_u64, wake_delivery, "seq of the delivery in whose context it was woken, on wake_cpu; 0: none") \
	F(wp_u32, tid, "task that now runs")                                                       \
	F(wp_u32, pid, "its process")                                                              \
	F(wp_u32, off_state, "state it left the CPU in: 0 still runnable (preempted), 1 interruptible sleep, 2 uninterruptible") \
	F(wp_u32, wake_cpu, "CPU it was woken from")                                               \
	F(wp_u32, waker_tid, "task that woke it, where wake_level is task; else 0")                \
	F(wp_u32, off_cpu, "CPU it left")                                                          \
	F(wp_u32, prev_tid, "task that ran on this CPU until now, 0: idle")                        \
	F(wp_u16, wake_level, "WP_LEVELS: context of the wake")                                    \
	F(wp_u16, waker_nr, "system call the waker was in plus 1, where it is watched; 0: unknown") \
	F(struct wp_comm, waker_comm, "name of the waker, where wake_level is task")               \
	F(struct wp_comm, prev_comm, "name of the task that ran until now")                       \
	F(wp_u32, flags, "WP_RUN_*")                                                               \
	F(wp_u16, off_nr, "system call it went to sleep in plus 1, 0: not known, or none")         \
	F(wp_u16, runnable_cpu, "CPU it began to wait for plus 1, 0: not known")                          \
	F(wp_u32, calls, "system calls it has returned from since it is watched; this and what follows modulo 2^32") \
	F(wp_u32, yields, "of these, sched_yield")                                                 \
	F(wp_u32, empty_waits, "waits without a record: returned at once, with nothing")           \
	F(wp_u32, ready_waits, "waits without a record: returned at once, with what nobody then took") \
	F(wp_u32, empty_reads, "receives and accepts without a record: returned at once, with nothing") \
	F(wp_u32, unused, "0")

#define WP_FIELDS_wait_call(F)                                                                     \
	F(wp_u64, start_ns, "the task's start time")                                               \
	F(wp_u64, enter_ns, "entry of the system call, 0: not recorded; the record's own time is its exit")       \
	F(wp_s64, timeout_ns, "timeout argument in ns, -1: for ever, -2: not known")               \
	F(wp_s64, ret, "return value: ready count or -errno")                                      \
	F(wp_u32, tid, "caller")                                                                   \
	F(wp_u32, pid, "its process")                                                              \
	F(wp_s32, fd, "the epoll descriptor, else -1")                                             \
	F(wp_u32, watched, "descriptors passed (poll, select), or room for events (epoll)")        \
	F(wp_u16, nr, "system call number")                                                        \
	F(wp_u16, slept, "1: the task left its CPU to sleep inside the call")                      \
	F(wp_u32, unused, "0")                                                                     \
	F(wp_u64, exit_ns, "return of the call where its record was made later, 0: the record's own time")

#define WP_FIELDS_read_call(F)                                                                     \
	F(wp_u64, start_ns, "the task's start time")                                               \
	F(wp_u64, enter_ns, "entry of the system call, 0: not recorded; the record's own time is its exit")       \
	F(wp_u64, copied_ns, "sock_recv_length: data copied to the caller, 0: not seen")           \
	F(wp_u64, cookie, "socket, 0: not a watched socket")                                       \
	F(wp_u64, begin, "first unit consumed: offset in the stream, or ordinal of the datagram")  \
	F(wp_u64, end, "one past the last; equal to begin when nothing was consumed")              \
	F(wp_u64, skb, "packet the datagram came from, 0: unknown")                                \
	F(wp_s64, ret, "return value: bytes or -errno")                                            \
	F(wp_u32, tid, "caller")                                                                   \
	F(wp_u32, pid, "its process")                                                              \
	F(wp_s32, fd, "descriptor read")                                                           \
	F(wp_u32, msg_flags, "MSG_* as the protocol saw them")                                     \
	F(wp_u32, unread, "bytes (datagrams) still readable after the copy")                       \
	F(wp_u16, nr, "system call number")                                                        \
	F(wp_u8, file_kind, "WP_FILE_KINDS")                                                       \
	F(wp_u8, flags, "WP_READ_*")

#define WP_FIELDS_send_call(F)                                                                     \
	F(wp_u64, start_ns, "the task's start time")                                               \
	F(wp_u64, enter_ns, "entry of the system call, 0: not recorded; the record's own time is its exit")       \
	F(wp_u64, xmit_ns, "first packet of this socket handed to a device inside the call, 0: none") \
	F(wp_u64, cookie, "socket, 0: not a watched socket")                                       \
	F(wp_s64, ret, "return value: bytes or -errno")                                            \
	F(wp_u32, tid, "caller")                                                                   \
	F(wp_u32, pid, "its process")                                                              \
	F(wp_s32, fd, "descriptor written")                                                        \
	F(wp_u32, xmit_ifindex, "interface of that packet")                                        \
	F(wp_u32, segments, "packets of this socket handed to a device inside the call")           \
	F(wp_u16, nr, "system call number")                                                        \
	F(wp_u8, file_kind, "WP_FILE_KINDS")                                                       \
	F(wp_u8, slept, "1: the task left its CPU to sleep inside the call")                       \
	F(wp_u32, msg_flags, "MSG_* passed by the caller, 0 also where the call takes none")       \
	F(wp_u16, parts, "buffers passed to writev, messages passed to sendmmsg; else 0")          \
	F(wp_u16, flags, "WP_SEND_*")

#define WP_FIELDS_accept_call(F)                                                                   \
	F(wp_u64, start_ns, "the task's start time")                                               \
	F(wp_u64, enter_ns, "entry of the system call, 0: not recorded; the record's own time is its exit")       \
	F(wp_u64, cookie, "the accepted socket, 0: none or unknown")                               \
	F(wp_s64, ret, "new descriptor or -errno")                                                 \
	F(wp_u32, tid, "caller")                                                                   \
	F(wp_u32, pid, "its process")                                                              \
	F(wp_s32, fd, "the listening descriptor")                                                  \
	F(wp_u16, nr, "system call number")                                                        \
	F(wp_u16, slept, "1: the task left its CPU to sleep inside the call")

#define WP_FIELDS_socket(F)                                                                        \
	F(wp_u64, cookie, "the socket's identity; never reused while the machine is up")           \
	F(wp_u64, listener, "cookie of the listener it was born of, 0: none or unknown")           \
	F(wp_u64, readable, "stream offset (datagram ordinal) of the first unit that was unread when it came to be known") \
	F(wp_u64, received, "stream offset (datagram ordinal) one past the last unit received by then") \
	F(struct wp_addr, local, "local address")                                                  \
	F(struct wp_addr, peer, "peer's address")                                                  \
	F(wp_u32, netns, "inode number of its network namespace")                                  \
	F(wp_u32, tid, "task in whose context it came to be known, 0: none")                       \
	F(wp_u16, local_port, "host order")                                                        \
	F(wp_u16, peer_port, "host order")                                                         \
	F(wp_u16, family, "AF_INET, AF_INET6 or AF_UNIX")                                          \
	F(wp_u16, protocol, "IPPROTO_*")                                                           \
	F(wp_u8, type, "SOCK_*")                                                                   \
	F(wp_u8, state, "TCP_* state")                                                             \
	F(wp_u8, why, "WP_WHYS")                                                                   \
	F(wp_u8, unused, "0")                                                                      \
	F(wp_u32, unused2, "0")

#define WP_FIELDS_sock_state(F)                                                                    \
	F(wp_u64, cookie, "socket")                                                                \
	F(wp_u32, from, "TCP_* state left")                                                        \
	F(wp_u32, to, "TCP_* state entered")                                                       \
	F(wp_u32, tid, "watched task in whose context it changed, 0: in none, or in a softirq")    \
	F(wp_u32, pid, "its process")

#define WP_FIELDS_drop(F)                                                                          \
	F(wp_u64, cookie, "socket")                                                                \
	F(wp_u64, location, "kernel address that dropped it")                                      \
	F(wp_u32, reason, "enum skb_drop_reason, 0: not known")                                    \
	F(wp_u32, len, "bytes")                                                                    \
	F(wp_u32, hook, "WP_HOOK_* that saw it")                                                   \
	F(wp_u32, unused, "0")

#define WP_FIELDS_name(F)                                                                          \
	F(wp_u64, key, "what is named")                                                            \
	F(wp_u32, space, "WP_NAME_SPACES")                                                         \
	F(wp_u32, unused, "0")                                                                     \
	F(struct wp_text, text, "its name")

#define WP_FIELDS_cpu_switch(F)                                                                    \
	F(wp_u32, prev_tid, "task that ran on this CPU until now, 0: idle")                        \
	F(wp_u32, next_tid, "task that runs there from now on, 0: idle")                           \
	F(struct wp_comm, prev_comm, "name of the task that ran until now")

#define WP_FIELDS_usage(F)                                                                         \
	F(wp_u64, start_ns, "the task's start time: with tid its identity")                        \
	F(wp_u64, run_ns, "time it has run since it started, in ns, by the scheduler's own books: up to a tick old while it runs") \
	F(wp_u64, off_ns, "when it last left a CPU, 0: not seen")                                  \
	F(wp_u32, tid, "thread")                                                                   \
	F(wp_u32, pid, "its process")                                                              \
	F(wp_u32, state, "what it does now: 0 runs or waits for a CPU, 1 interruptible sleep, 2 uninterruptible") \
	F(wp_u32, nr, "system call it last entered, plus 1; 0: none, or interrupted in user code") \
	F(wp_u32, calls, "as in run")                                                              \
	F(wp_u32, yields, "as in run")                                                             \
	F(wp_u32, empty_waits, "as in run")                                                        \
	F(wp_u32, ready_waits, "as in run")                                                        \
	F(wp_u32, empty_reads, "as in run")                                                        \
	F(wp_u32, unused, "0")

#define WP_FIELDS_watermark(F)                                                                     \
	F(wp_u64, upto_ns, "every record with an earlier time, of every CPU, stands before this one") \
	F(wp_u64, received, "records taken from the rings so far, all CPUs")

#define WP_FIELDS_counters(F)                                                                      \
	F(wp_u32, hook, "WP_HOOK_*")                                                               \
	F(wp_u32, of_cpu, "CPU counted")                                                           \
	F(wp_u64, fired, "program entered")                                                        \
	F(wp_u64, self, "left at once: our own activity")                                          \
	F(wp_u64, filtered, "left: nobody asked about this task or socket")                        \
	F(wp_u64, noted, "fact kept for a later record, or nothing to say")                        \
	F(wp_u64, map_full, "lost: no room for state")                                             \
	F(wp_u64, ring_full, "lost: no room in the ring")                                          \
	F(wp_u64, submitted, "records handed to the ring")                                         \
	F(wp_u64, missed, "firings the kernel left out, for this program was running on that CPU already; only in rows of CPU 0xffffffff, for all CPUs together")

#define WP_FIELDS_clock(F)                                                                         \
	F(wp_u64, monotonic_ns, "CLOCK_MONOTONIC")                                                 \
	F(wp_s64, realtime_ns, "CLOCK_REALTIME at that moment")

#define WP_FIELDS_ring(F)                                                                          \
	F(wp_u32, of_cpu, "CPU whose ring it is")                                                  \
	F(wp_u32, unused, "0")                                                                     \
	F(wp_u64, received, "records taken from it so far")                                        \
	F(wp_u64, written, "of these, records handed to the file")                                 \
	F(wp_u64, dropped, "of these, records the file did not take")                              \
	F(wp_u64, peak_bytes, "most bytes seen waiting in it")                                     \
	F(wp_u64, taken, "last number taken for a record: those submitted, and those that found no room")

/* In `of_cpu`: the row is of all CPUs together. */
#define WP_ALL_CPUS 0xffffffffu

#define WP_FIELDS_cpu_slice(F)                                                                     \
	F(wp_u64, begin_ns, "when it began, 0: not seen; the record's own time is its end. A NAPI poll: the softirq's entry, or the end of the poll before") \
	F(wp_u32, what, "WP_SLICES")                                                               \
	F(wp_u32, number, "which one")                                                             \
	F(wp_u32, tid, "task it ran in or interrupted, 0: idle")                                   \
	F(wp_u32, ifindex, "NAPI poll: interface, 0: none")                                        \
	F(wp_u32, work, "NAPI poll: packets taken")                                                \
	F(wp_u32, budget, "NAPI poll: packets it might have taken")

#define WP_FIELDS_task_switch(F)                                                                   \
	F(wp_u32, prev_tid, "task that leaves the CPU, 0: idle")                                   \
	F(wp_u32, next_tid, "task that now runs, 0: idle")                                         \
	F(wp_u32, next_pid, "its process")                                                         \
	F(wp_u32, prev_state, "state the other leaves in, as off_state of a run")                  \
	F(wp_u32, flags, "WP_SWITCH_*")                                                            \
	F(wp_u32, unused, "0")                                                                     \
	F(struct wp_comm, next_comm, "name of the task that now runs")
#include "detail.h"
#include "lineage.h"

/*
 * Kinds. E(number, name, "what it records")
 * Numbers below 128 come from BPF programs, 128 and above from the collector.
 */
#define WP_EVENTS(E)                                                                               \
	E(1, delivery, "data (or a connection) became readable on a watched socket")               \
	E(2, witness, "a further entry of the wait queue seen at a delivery")                      \
	E(3, run, "a watched task starts to run: since when it did not, what woke it, who ran meanwhile") \
	E(4, wait_call, "a watched task returns from select, poll, epoll, or a sleep")             \
	E(5, read_call, "a watched task returns from a receiving system call")                     \
	E(6, send_call, "a watched task returns from a sending system call")                       \
	E(7, accept_call, "a watched task returns from accept")                                    \
	E(8, socket, "a socket came to be watched: who it is")                                     \
	E(9, sock_state, "a watched TCP socket changed state")                                     \
	E(10, task, "a task came to be watched, or changed its name")                              \
	E(11, task_exit, "a watched task ended")                                                   \
	E(12, drop, "a packet was dropped on a watched socket")                                    \
	E(13, name, "a number and its name")                                                       \
	E(14, cpu_switch, "a CPU that a watched task waits for goes from one task to another that nobody watches") \
	E(15, usage, "the books of a watched task: at the start, every 1 to 4 s, at the end")        \
	E(16, cpu_slice, "an interrupt, a softirq or a NAPI poll ended on a CPU that matters")     \
	E(17, task_switch, "a CPU that matters went from one task to another")                     \
	E(18, reap_call, "a watched task returns from wait4 or waitid")                            \
	E(19, signal_sent, "a signal was sent to a watched task")                                  \
	E(20, signal_taken, "a watched task takes a signal")                                       \
	E(21, close_call, "a watched task closes a descriptor, once watched processes have forked") \
	E(128, watermark, "the collector looked at every ring")                                    \
	E(129, counters, "what became of the firings of one hook on one CPU")                      \
	E(130, clock, "monotonic and wall clock read together")                                    \
	E(131, ring, "what became of one ring's records")                                          \
	E(132, detail, "the level of detail of what follows")

/* clang-format on */

#define WP_DECLARE_FIELD(type, name, doc) type name;
#define WP_DECLARE_STRUCT(number, name, doc)                                                       \
	struct wp_##name {                                                                         \
		struct wp_header h;                                                                \
		WP_FIELDS_##name(WP_DECLARE_FIELD)                                                 \
	};
WP_EVENTS(WP_DECLARE_STRUCT)
#undef WP_DECLARE_STRUCT
#undef WP_DECLARE_FIELD

#define WP_DECLARE_KIND(number, name, doc) WP_KIND_##name = number,
enum wp_kind { WP_EVENTS(WP_DECLARE_KIND) WP_KIND_first_of_collector = 128 };
#undef WP_DECLARE_KIND

#define WP_DECLARE_HOOK(number, name, tracepoint, stage, cost) WP_HOOK_##name = number,
enum wp_hook { WP_HOOKS(WP_DECLARE_HOOK) WP_HOOK_count };
#undef WP_DECLARE_HOOK

#define WP_DECLARE_MECH(number, name, doc) WP_MECH_##name = number,
enum wp_mechanism { WP_MECHANISMS(WP_DECLARE_MECH) };
#undef WP_DECLARE_MECH
#define WP_DECLARE_LEVEL(number, name, doc) WP_LEVEL_##name = number,
enum wp_level { WP_LEVELS(WP_DECLARE_LEVEL) };
#undef WP_DECLARE_LEVEL
#define WP_DECLARE_HOW(number, name, doc) WP_SOFTIRQ_##name = number,
enum wp_softirq_how { WP_SOFTIRQ_HOWS(WP_DECLARE_HOW) };
#undef WP_DECLARE_HOW
#define WP_DECLARE_OVER(number, name, doc) WP_OVER_##name = number,
enum wp_irq_over { WP_IRQ_OVERS(WP_DECLARE_OVER) };
#undef WP_DECLARE_OVER
#define WP_DECLARE_DRIVER(number, name, doc) WP_DRIVER_##name = number,
enum wp_driver_hook { WP_DRIVER_HOOKS(WP_DECLARE_DRIVER) };
#undef WP_DECLARE_DRIVER
#define WP_DECLARE_FILE(number, name, doc) WP_FILE_##name = number,
enum wp_file_kind { WP_FILE_KINDS(WP_DECLARE_FILE) };
#undef WP_DECLARE_FILE
#define WP_DECLARE_WHY(number, name, doc) WP_WHY_##name = number,
enum wp_why { WP_WHYS(WP_DECLARE_WHY) };
#undef WP_DECLARE_WHY
#define WP_DECLARE_SPACE(number, name, doc) WP_NAME_##name = number,
enum wp_name_space { WP_NAME_SPACES(WP_DECLARE_SPACE) };
#undef WP_DECLARE_SPACE
#define WP_DECLARE_SLICE(number, name, doc) WP_SLICE_##name = number,
enum wp_slice { WP_SLICES(WP_DECLARE_SLICE) };
#undef WP_DECLARE_SLICE

#endif
