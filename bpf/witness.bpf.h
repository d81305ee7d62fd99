/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wait-queue witness: who waits on a socket, and how, at the moment its data arrives.
 *
 * sock_def_readable() is about to walk this very list. We hold no lock, only RCU: an entry may be on
 * its way out, and poll's entries live on another task's kernel stack. So the walk is bounded, every
 * load tolerates a fault, and an entry counts only if its wake function is one we know and its list
 * links agree; else it is reported as unknown.
 */
#ifndef WP_WITNESS_BPF_H
#define WP_WITNESS_BPF_H

#include "sock.bpf.h"

struct witness {
	u64 at; /* the entry; a pointer handed to testify() as such is refused */
	u64 before; /* where the link before it lies, 0: not asked */
	u64 next; /* where the link behind it does */
	u64 func;
	u64 start_ns;
	u32 tid;
	s32 fd;
	u8 mech;
	u8 flags;
};

static __always_inline void lead_to(struct witness *w, struct task_struct *task)
{
	if (!task)
		return;
	w->tid = KREAD(struct task_struct, task, pid);
	w->start_ns = KREAD(struct task_struct, task, start_time);
	if (w->tid && KREAD(struct task_struct, task, __state))
		w->flags |= WP_WITNESS_WAITING;
}

/* epoll: the entry names descriptor and event poll; who sleeps is on the event poll's own queue. */
static __always_inline void lead_through_epoll(struct witness *w, struct wait_queue_entry *entry)
{
	struct eppoll_entry *link = (void *)entry - bpf_core_field_offset(struct eppoll_entry, wait);
	struct epitem *item = KREAD(struct eppoll_entry, link, base);
	struct eventpoll *ep = KREAD(struct epitem, item, ep);
	struct list_head *head = (void *)ep + bpf_core_field_offset(struct eventpoll, wq) +
				 bpf_core_field_offset(struct wait_queue_head, head);
	struct list_head *first = KREAD(struct list_head, head, next);
	struct wait_queue_entry *sleeper;

	w->fd = KREAD(struct epitem, item, ffd.fd);
	if (!ep || !first || first == head)
		return;
	sleeper = (void *)first - bpf_core_field_offset(struct wait_queue_entry, entry);
	lead_to(w, KREAD(struct wait_queue_entry, sleeper, private));
}

static __always_inline void lead_through_io_uring(struct witness *w, void *private)
{
	/* the two low bits are io_uring's own flags (IO_WQE_F_DOUBLE and friends) */
	struct io_kiocb *request = (void *)((u64) private & ~3ULL);

	if (bpf_core_field_exists(struct io_kiocb, tctx))
		lead_to(w, KREAD(struct io_uring_task, KREAD(struct io_kiocb, request, tctx), task));
}

/*
 * What one entry says. A global function: the verifier goes through it once, not once for each entry of
 * the walk with every way the entries before it can have gone, which costs it up to 20 times as much.
 */
__noinline int testify(struct witness *w)
{
	struct wait_queue_entry *entry;
	struct list_head *link;
	void *private;
	u64 func;

	if (!w)
		return 0;
	entry = (void *)w->at;
	func = (u64)KREAD(struct wait_queue_entry, entry, func);
	private = KREAD(struct wait_queue_entry, entry, private);
	w->func = func;
	w->fd = -1;
	w->tid = 0;
	w->start_ns = 0;
	w->flags = KREAD(struct wait_queue_entry, entry, flags) & WQ_FLAG_EXCLUSIVE ? WP_WITNESS_EXCLUSIVE : 0;
	w->mech = WP_MECH_other;
	if (!func) {
		w->mech = WP_MECH_unknown;
	} else if (func == config.fn_epoll) {
		w->mech = WP_MECH_epoll;
		lead_through_epoll(w, entry);
	} else if (func == config.fn_poll) {
		w->mech = WP_MECH_poll;
		if (private)
			lead_to(w, KREAD(struct poll_wqueues, private, polling_task));
	} else if (func == config.fn_woken || func == config.fn_receiver) {
		w->mech = WP_MECH_blocking;
		lead_to(w, private);
	} else if (func == config.fn_autoremove) {
		w->mech = WP_MECH_accept;
		lead_to(w, private);
	} else if (func == config.fn_io_poll) {
		w->mech = WP_MECH_io_uring;
		lead_through_io_uring(w, private);
	}
	link = (void *)w->at + bpf_core_field_offset(struct wait_queue_entry, entry);
	w->next = (u64)KREAD(struct list_head, link, next);
	if (w->before && (u64)KREAD(struct list_head, link, prev) != w->before)
		w->mech = WP_MECH_unknown;
	w->before = (u64)link;
	return 0;
}

/* A global function too: the walk has one call of it for each entry. */
__noinline int further_witness(struct witness *w, u64 delivery, u32 index)
{
	struct cpu_state *c = this_cpu();
	struct wp_witness *e;

	if (!c || !w)
		return 0;
	e = BEGIN_FURTHER(c, WP_HOOK_socket__data_ready, witness);
	if (!e)
		return 0;
	e->delivery = delivery;
	e->func = w->func;
	e->start_ns = w->start_ns;
	e->tid = w->tid;
	e->fd = w->fd;
	e->index = index;
	e->mech = w->mech;
	e->flags = w->flags;
	end_record(c, WP_HOOK_socket__data_ready, e);
	return 0;
}

/*
 * Walk the queue at first->at. The first entry comes back in *first, further ones become records of their own. Returns
 * their number, 255 where the walk was cut. Global: it need not be verified for every way that leads here.
 */
__noinline u32 walk_wait_queue(struct witness *first, u64 delivery)
{
	struct witness w = {};
	u64 head;
	u32 n;

	if (!first)
		return 0;
	head = first->at;
	first->fd = -1;
	if (!head)
		return 0; /* not accepted yet: nobody can wait on it */
	head += bpf_core_field_offset(struct socket_wq, wait) + bpf_core_field_offset(struct wait_queue_head, head);
	w.before = head;
	w.next = (u64)KREAD(struct list_head, head, next);
	for (n = 0; n < MAX_WITNESS && w.next && w.next != head; n++) {
		w.at = w.next - bpf_core_field_offset(struct wait_queue_entry, entry);
		testify(&w);
		if (n == 0)
			*first = w;
		else
			further_witness(&w, delivery, n);
		if (w.mech == WP_MECH_unknown)
			return 255;
	}
	return w.next == head ? n : 255;
}

static __always_inline void call_witness(u64 wait_queue, struct wp_delivery *d)
{
	struct witness w = {};

	w.at = wait_queue;
	d->w_count = walk_wait_queue(&w, d->h.seq);
	d->w_func = w.func;
	d->w_start_ns = w.start_ns;
	d->w_tid = w.tid;
	d->w_fd = w.fd;
	d->w_mech = w.mech;
	d->w_flags = w.flags;
	/* Something else may have woken the reader since the record's time, in an interrupt or on another CPU. */
	if (!(w.flags & WP_WITNESS_WAITING))
		d->looked_ns = bpf_ktime_get_ns();
}

#endif
