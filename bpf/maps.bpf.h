/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every map, every piece of state and every configuration constant, declared. Defined in maps.bpf.c. */
#ifndef WP_MAPS_BPF_H
#define WP_MAPS_BPF_H

#include "kernel.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "wire/events.h"
#include "wire/shared.h"
#include "wire/stat.h"

/* Whose CPU it is at the moment. */
enum who { WHO_OTHER, WHO_WATCHED, WHO_SELF };

/* Which softirq began last on a CPU, where none is known to have ended since. */
enum in_softirq { IN_NONE, IN_OTHER, IN_NET_RX };

/* Whether the task that runs on a CPU has taken packets through the stack since it runs there, outside of any softirq.
 */
enum in_poll { NO_POLL, TASK_POLLS, NAPI_THREAD_POLLS };

#define PACKET_SLOTS 8192
#define MAX_IRQ 1024
#define NAMED_DEVICES 1024
#define MAX_WITNESS 8

/*
 * Per CPU. Programs of one CPU interrupt each other, so every member has one owner: a member of the
 * hardirq block is written in hardware interrupts only, and so on, and a counter by its own hook only.
 */
struct cpu_state {
	struct wp_cpu_counters n; /* atomically */

	/* written at sched_switch: the task that runs here, and whether it is watched */
	u32 tid;
	u32 who;
	u32 slept; /* the watched task that runs here has slept since it last returned from a system call */
	u32 waiters; /* watched tasks that wait for this CPU; atomically, other CPUs wake them */
	u32 calls; /* it has returned from since it runs here */
	u32 pad4;

	/* hardirq */
	u64 irq_ns;
	u32 irq;
	u8 in_device_irq;
	u8 in_timer_irq;
	u8 irq_over;
	u8 wakes_thread; /* the handler that has ended wanted its thread woken, which comes next */

	/* what raised the receive softirq, until it runs */
	u64 raise_ns;
	u64 raise_irq_ns;
	u32 raise_irq;
	u8 raise_over;
	u8 raise_again; /* by the receive softirq itself, which had not emptied its cards */
	u8 raise_by_timer; /* in a timer interrupt, and no card's stands behind it */
	u8 pad1;

	/* the receive softirq that runs, or ran last */
	u64 softirq_ns;
	u64 ksoftirqd_ns; /* the last one that ran in ksoftirqd */
	u64 softirq_raise_ns;
	u64 softirq_irq_ns;
	u32 softirq_irq;
	u8 softirq_how;
	u8 softirq_over;
	u8 in_softirq; /* enum in_softirq */
	u8 in_poll; /* enum in_poll */
	u64 skb; /* packet taken through the stack last */
	u64 nobodys; /* packet on its way into a virtual device of which nothing is noted, 0: none */
	u64 nobodys_in; /* softirq_ns when such a packet passed the stack last */
	u32 packets_in_hand; /* taken through it since a socket last got one: more than one when they come as a list */
	u32 packet_index;
	u32 delivery_tid; /* owner of delivery[WP_LEVEL_task] */
	u32 delivery_call; /* where returns of calls are not watched: the call it was made in */

	/* delivery whose context has not ended, by level (task, softirq): its seq, 0: none */
	u64 delivery[2];

	/* with `stat`: the last delivery made here, 0: none since another task runs, and whom alone it can wake */
	u64 ready_ns;
	u32 ready_waiter; /* 0: anybody */
	u32 pad5;
} __attribute__((aligned(128))); /* no line shared with the next CPU's */

/*
 * A packet between the driver and its socket. A direct-mapped cache, not a map: a slot is taken over
 * by the next packet that hashes to it, and whoever finds another address in it knows that much.
 */
struct packet {
	u64 skb;
	u64 taken_in; /* softirq_ns of the CPU when it passed the stack: which softirq or poll took it */
	u64 driver_ns;
	u64 stack_ns;
	u64 irq_ns;
	u64 raise_ns;
	u64 softirq_ns;
	u64 device;
	u32 irq;
	u32 ifindex;
	u32 napi_id;
	u32 packet_index;
	u32 len;
	u16 driver_cpu;
	u16 stack_cpu;
	u16 queue;
	u16 segs;
	u8 driver_hook;
	u8 softirq_how;
	u8 irq_over;
	u8 deferred; /* ksoftirqd ran since the driver handed it over */
	u8 on_way; /* handed on by a bridge, veth or the like: passes the stack again */
	u8 forwarded; /* has been */
} __attribute__((aligned(128)));

enum sock_kind { KIND_OTHER, KIND_TCP, KIND_DATAGRAM, KIND_UNIX_STREAM };

/* A watched socket. Cloned by the kernel from a listener to its children: a foreign cookie tells. */
struct sock_state {
	u64 cookie;
	u64 delivered; /* one past the last unit made readable */
	u64 consumed; /* one past the last unit read */
	u64 protocol_ns; /* of the packet below; under the socket's lock */
	u64 protocol_skb;
	u64 listener;
	u64 address; /* of the struct sock, for reading what it says of itself */
	u32 base; /* TCP: sequence number of stream offset 0 */
	u32 protocol_len; /* of that packet, its TCP header included */
	u8 kind;
	u8 consumed_known;
	u8 sampled; /* of a stream: what was delivered last is of a request that is recorded */
	u8 pad[5];
};

/* A watched task. */
struct task_state {
	u64 start_ns;
	u32 tid;
	u32 pid;

	/* since it left its CPU */
	u64 off_ns;
	u32 off_state;
	u32 off_cpu;
	u64 waking_ns;
	u64 runnable_ns;
	u64 wake_delivery;
	u32 wake_cpu;
	u32 waker_tid;
	u16 wake_level;
	u16 waker_nr;
	struct wp_comm waker_comm;
	u16 off_nr; /* system call it went to sleep in, plus 1 */
	u16 waits_for; /* CPU that counts it among its waiters, plus 1 */
	u8 waits_surely; /* it is on that CPU's run queue; else it is expected there */
	u8 pad4[3];

	/* the system call it is in */
	u64 enter_ns; /* 0: entries are not watched */
	s64 timeout_ns; /* as it was when the task went to sleep in it: the kernel may write back what is left */
	u8 slept; /* cpu_state's, while it is off its CPU */
	/* its receive */
	u8 read_flags;
	u8 pad[2];
	u32 changes; /* wp_signals.changes when this block was last written */
	u64 copied_ns;
	u64 cookie;
	u64 begin;
	u64 end;
	u64 skb;
	u32 msg_flags;
	u32 unread;
	u64 receives_from; /* where its receives are seen by kprobes: the socket, from the call to its return */
	u32 receive_flags;
	u32 pad2;
	/* its send */
	u64 xmit_ns;
	u64 xmit_sk;
	u32 xmit_ifindex;
	u32 segments;

	/* how it spends its turns: see turn.bpf.h */
	u64 booked_ns; /* its run time when its books were last written */
	u32 calls;
	u32 yields;
	u32 barren;
	u32 empty_waits;
	u32 ready_waits;
	u32 empty_reads;
	u32 held_watched;
	u32 held_nr;
	u64 held_exit_ns; /* 0: no wait is held */
	u64 held_enter_ns;
	s64 held_timeout_ns;
	s64 held_ret;
	s32 held_fd;
	u32 held_slept;
	u64 passed_over; /* cookie of the socket it read last, where that request is not of the sample; else 0 */
	/* with `stat`: */
	u64 on_ns; /* it ran first since it went to sleep last */
	u64 woken_by_ns; /* ready_ns of the delivery that woke it last; 0: something else did */
};

/* With `stat`: a delivery that has not been read. */
struct stat_delivery {
	u64 ready_ns; /* 0: the slot is free; written last */
	u32 end; /* one past its last unit */
	u32 pad;
};

#define STAT_UNREAD 8

/* With `stat`: a watched socket. Positions are modulo 2^32: sequence numbers, ordinals, or offsets. */
struct stat_sock {
	struct stat_delivery unread[STAT_UNREAD];
	u32 head; /* deliveries so far; by whoever delivers */
	u32 delivered;
	u32 tail; /* of these, taken; by whoever reads */
	u32 consumed;
	u32 kind;
	u32 pad;
};

/* What runs on this CPU, with --detail timeline only. Each member is written by one program. */
struct timeline_state {
	u64 softirq_ns;
	u64 timer_ns;
	u64 poll_ns; /* end of the NAPI poll before, in the softirq that runs */
};

struct inner_ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};
struct rings {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1); /* one per CPU, set at load */
	__type(key, u32);
	__array(values, struct inner_ring);
};
struct cpus {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct cpu_state);
};
struct packets {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PACKET_SLOTS);
	__type(key, u32);
	__type(value, struct packet);
};
struct irq_names {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_IRQ);
	__type(key, u32);
	__type(value, u64); /* irqaction last named for this line */
};
struct device_names {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, NAMED_DEVICES);
	__type(key, u32);
	__type(value, u64); /* net_device last named for this slot */
};
struct tasks {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_state);
};
struct socks {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct sock_state);
};
/*
 * In place of socks where config.by_address is set: programs on kprobes may not use the storage of sockets. Nothing
 * tells when a socket is gone, so what is found is another's if its cookie is another.
 */
struct socks_by_address {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, u64);
	__type(value, struct sock_state);
};
struct stat_socks {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct stat_sock);
};
struct stats {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* one per CPU with `stat`, set at load */
	__type(key, u32);
	__type(value, struct wp_stat_counts);
};
struct timeline {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct timeline_state);
};
/* With a canary: see wp_seal. */
struct canaries {
	u64 own[WP_HOOK_count];
	u32 open; /* records begun and not ended: whoever comes in between leaves it as it was */
	u32 pad;
};
struct canaries_of_cpu {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct canaries);
};
/* Processes asked for, by pid: filled by user space at start, and by the programs as they find more. */
struct targets {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, u32);
	__type(value, u32); /* WP_WHYS */
};
/* A kernel thread that an interrupt woke to do its work: a NAPI thread, or the thread of a forced-threaded handler. */
struct irq_thread {
	u64 irq_ns;
	u64 woken_ns;
	u32 irq;
	u32 packets; /* it has taken through the stack since */
	u8 over;
	u8 pad[7];
};
struct irq_threads {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, u32); /* tid */
	__type(value, struct irq_thread);
};
/* Sockets that watched tasks made and that no hook has shown us yet: struct sock -> its inode number. */
struct newborn {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, u64);
};

extern struct rings rings SEC(".maps");
extern struct cpus cpus SEC(".maps");
extern struct packets packets SEC(".maps");
extern struct irq_names irq_names SEC(".maps");
extern struct device_names device_names SEC(".maps");
extern struct timeline timeline SEC(".maps");
extern struct tasks tasks SEC(".maps");
extern struct socks socks SEC(".maps");
extern struct canaries_of_cpu canaries_of_cpu SEC(".maps");
extern struct targets targets SEC(".maps");
extern struct newborn newborn SEC(".maps");
extern struct stat_socks stat_socks SEC(".maps");
extern struct socks_by_address socks_by_address SEC(".maps");
extern struct stats stats SEC(".maps");
extern struct irq_threads irq_threads SEC(".maps");

extern const volatile struct wp_config config;
extern const volatile wp_u8 no_sock_state[sizeof(struct sock_state)];
extern const volatile struct wp_call_info calls[WP_MAX_SYSCALL];
extern struct wp_signals signals;

/* One bit for each port that a watched socket has, or had. */
#define PORT_WORDS 1024
extern wp_u64 watched_ports[PORT_WORDS];

#endif
