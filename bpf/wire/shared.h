/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the collector and the programs tell each other apart from events: configuration, counters, flags. */
#ifndef WP_WIRE_SHARED_H
#define WP_WIRE_SHARED_H

#include "events.h"

/*
 * What became of a firing: one column of a hook's counters. Programs that can make a record count
 * WP_FIRED when they are entered; for those that never do, nothing can be lost between entry and
 * outcome, and the sum of the outcomes is their number of firings.
 */
enum wp_outcome {
	WP_FIRED,
	WP_SELF,
	WP_FILTERED,
	WP_NOTED,
	WP_MAP_FULL,
	WP_RING_FULL,
	WP_SUBMITTED,
	WP_OUTCOMES = 8,
};

/* What a system call does, as far as paths care. Numbers are arch-specific: the collector fills the table. */
enum wp_call_class {
	WP_CALL_NONE,
	WP_CALL_WAIT,      /* epoll_wait, poll, select, and sleeps */
	WP_CALL_READ,      /* one receive: read, readv, recvfrom, recvmsg */
	WP_CALL_READ_MANY, /* several receives in one call: recvmmsg */
	WP_CALL_SEND,      /* write, writev, sendto, sendmsg, sendmmsg, sendfile */
	WP_CALL_ACCEPT,
	WP_CALL_CREATE,    /* socket */
	WP_CALL_PAIR,      /* socketpair */
	WP_CALL_YIELD,     /* sched_yield: counted only */
	WP_CALL_RING,      /* io_uring_enter: receives and sends of the ring, some of them */
	WP_CALL_REAP,      /* wait4, waitid */
	WP_CALL_CLOSE,
};

/* How a call's timeout is passed. */
enum wp_timeout_kind { WP_TIMEOUT_NONE, WP_TIMEOUT_MS, WP_TIMEOUT_TIMESPEC, WP_TIMEOUT_TIMEVAL };

#define WP_NO_ARG 255
#define WP_MAX_SYSCALL 512
#define WP_NO_SYSCALL 511 /* no architecture has one of this number: its class stays WP_CALL_NONE */

struct wp_call_info {
	wp_u8 call_class;
	wp_u8 timeout_kind;
	wp_u8 timeout_arg; /* 0-based argument that holds the timeout */
	wp_u8 fd_arg;      /* 0-based argument that holds the descriptor, or WP_NO_ARG */
	wp_u8 count_arg;   /* 0-based argument that holds the number watched, or WP_NO_ARG */
	wp_u8 flags_arg;   /* 0-based argument that holds MSG_* flags (of a reap: its options), or WP_NO_ARG */
	wp_u8 parts_arg;   /* 0-based argument that holds the number of buffers or messages, or WP_NO_ARG */
	wp_u8 unused;
};

/* Constant once loaded. */
struct wp_config {
	wp_u32 self_pid;         /* process whose activity is not recorded: ours */
	wp_u32 port;             /* only sockets of this local port; 0: any */
	wp_u32 everything;       /* -a */
	wp_u32 match_comm;       /* -c: tasks that take this name join */
	wp_u64 cgroup_id;        /* --cgroup: tasks that move into it join; 0: none */
	wp_u32 switch_state_arg; /* sched_switch has the task's state as an argument (5.18 and later) */
	wp_u32 kfree_sk_arg;     /* kfree_skb has the receiving socket as an argument (6.11 and later) */
	wp_u32 empty;            /* every program returns at once: what being hooked costs by itself */
	wp_u32 stat;             /* no records: nobody reads the rings */
	wp_u32 canary;           /* enum wp_canary */
	wp_u32 by_address;       /* what is known of a socket is kept by its address: a kprobe needs it */
	/* addresses of wake functions; 0: not known here */
	wp_u64 fn_epoll, fn_poll, fn_woken, fn_receiver, fn_autoremove, fn_io_poll;
	struct wp_comm comm;
};

/* What ring__warm is asked for: a piece of the ring of one CPU. With its header a piece is a power of two of bytes. */
struct wp_warm {
	wp_u32 ring;
};
#define WP_WARM_BYTES ((1U << 18) - 8)

/*
 * With a canary every record is followed by a seal, which tells the collector whether any program that ran in
 * between, in an interrupt or a task, wrote what belongs to another. For tests: off, it is dead code.
 */
enum wp_canary {
	WP_CANARY_OFF,
	WP_CANARY_OWN,    /* each hook has its own word on each CPU, as its counters are its own */
	WP_CANARY_SHARED, /* all hooks of a CPU share one: the mistake that must be found */
};

struct wp_seal {
	wp_u64 sum;    /* wp_sum_of of the record */
	wp_u64 canary; /* wp_canary_of its header */
	wp_u64 own;    /* the hook's word at the end: the record's number, which it was given at the begin */
	wp_u32 tid;    /* of the CPU's state at the begin and at the end: written by the switch alone */
	wp_u32 tid_after;
	wp_u32 who;
	wp_u32 who_after;
	wp_u32 inside_of; /* records of this CPU that were begun and not ended */
	wp_u16 hook;
	wp_u16 is_further; /* of a firing that has made another: the word is that one's */
};

/* Every word counts, and its place. */
static inline __attribute__((always_inline)) wp_u64 wp_sum_of(const void *record, wp_u32 size)
{
	const wp_u64 *words = (const wp_u64 *)record;
	wp_u64 sum = size;
	wp_u32 i;

	for (i = 0; i < size / 8; i++)
		sum = (sum ^ words[i]) * 0x9e3779b97f4a7c15ULL + i;
	return sum;
}

static inline __attribute__((always_inline)) wp_u64 wp_canary_of(const struct wp_header *h)
{
	return ~h->seq ^ (wp_u64)h->cpu << 32 ^ (wp_u64)h->kind << 16 ^ h->size;
}

/* From the programs to the collector, while it runs. */
struct wp_signals {
	wp_u32 newborn_any; /* something was put into newborn (for the programs themselves) */
	wp_u32 rescan;      /* threads or sockets of a new target wait to be found: run the iterators */
	/* What was met decides which of the dearer programs are attached: */
	wp_u32 datagrams;      /* a watched datagram socket: socket__copy_datagram is needed */
	wp_u32 no_driver;      /* a watched delivery whose driver stage nobody saw: napi__netif_rx is */
	wp_u32 real_device;    /* a watched delivery from a device with interrupts: irq__softirq_raise and _exit are */
	wp_u32 virtual_device; /* a watched delivery from loopback and the like: by itself it needs none */
	/* From the collector: irq__softirq_exit is attached, so that the end of a softirq is known. */
	wp_u32 softirq_ends;
	wp_u32 tcp_probed; /* the same for stack__tcp_probe: what it noted is of the segment at hand */
	wp_u32 ring;   /* io_uring received for a watched task: socket__send_length is needed */
	wp_u32 forked; /* a watched process has made another: who holds which descriptor matters */
	/* From the collector: the level of detail, which may change while programs run. */
	wp_u32 light;   /* no system call is watched */
	wp_u32 sample;  /* record one request of so many; 0 and 1: all */
	wp_u32 changes; /* how often the level changed: what was noted before a change is not used after it */
	/* A virtual device's TCP packet to a port that no watched socket has is nobody's. Cleared by the programs where that
	 * proves wrong: something on the way changes ports. */
	wp_u32 ports_tell;
	/* Of the books of tasks (usage.bpf.c): */
	wp_u32 books_changed_only; /* from the collector: leave out those of tasks that have not run since their last */
	wp_u32 books_of;           /* watched tasks met by this walk */
};

/* The head of each CPU's element in the map `cpus`, mapped read-only by the collector. */
struct wp_cpu_counters {
	wp_u64 count[WP_HOOK_count][WP_OUTCOMES];
	wp_u64 seq; /* last sequence number taken */
};

#endif
