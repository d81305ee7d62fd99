/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a task spends a turn that brings nothing. A server that polls returns from a million calls a
 * second with nothing in hand: the first few of a row are recorded, the rest is counted, and the
 * counts leave with the task's next run or with the next look at its books (usage.bpf.c).
 */
#ifndef WP_TURN_BPF_H
#define WP_TURN_BPF_H

#include "filter.bpf.h"

#define BARREN_RECORDED 4
#define EAGAIN 11

/* A call of a watched task that is about to return. */
struct ended_call {
	const volatile struct wp_call_info *call;
	struct pt_regs *regs;
	struct task_state *t;
	long ret;
	u32 nr;
	s32 fd; /* descriptor it was called with, -1: none */
	bool slept; /* its task left the CPU to sleep inside it */
};

/* It read, accepted or slept: what comes next begins a new row. */
static __always_inline void turn_bears(struct task_state *t)
{
	t->barren = 0;
}

/* A receive or accept that would have had to wait. True: it is counted, and makes no record. */
static __always_inline bool counted_read(const struct ended_call *call, long ret)
{
	if (ret != -EAGAIN || call->slept)
		return false;
	if (++call->t->barren <= BARREN_RECORDED)
		return false;
	call->t->empty_reads++;
	return true;
}

/* A wait that returns, as it is kept where it makes no record yet. */
struct ended_wait {
	s64 ret;
	s64 timeout_ns;
	s32 fd;
	u32 watched;
	u32 nr;
	u32 slept;
};

/*
 * A wait that returned at once, as several before it. Whether its return leads to a read shows only
 * with the next call, so the latest is held. True: counted, and no record yet. A global function: the
 * verifier goes through it once.
 */
__noinline int counted_wait(struct task_state *t, const struct ended_wait *w)
{
	bool sampled = signals.sample > 1; /* then a wait is recorded only where a request that is follows */

	if (!t || !w)
		return false;
	if ((w->slept && !sampled) || w->ret < 0) {
		t->held_exit_ns = 0;
		return false;
	}
	if (!sampled && ++t->barren <= BARREN_RECORDED)
		return false;
	if (w->ret)
		t->ready_waits++;
	else
		t->empty_waits++;
	t->held_slept = w->slept;
	t->held_enter_ns = t->enter_ns;
	t->held_timeout_ns = w->timeout_ns;
	t->held_ret = w->ret;
	t->held_fd = w->fd;
	t->held_watched = w->watched;
	t->held_nr = w->nr;
	t->held_exit_ns = bpf_ktime_get_ns();
	return true;
}

/* A global function: the verifier goes through it once, not for every way that leads to a release. */
__noinline int write_held_wait(struct task_state *t)
{
	struct cpu_state *c = this_cpu();
	struct wp_wait_call *e;

	if (!c || !t)
		return 0;
	e = BEGIN_FURTHER(c, WP_HOOK_syscall__exit, wait_call);
	if (!e)
		return 0;
	e->start_ns = t->start_ns;
	e->enter_ns = t->held_enter_ns;
	e->exit_ns = t->held_exit_ns;
	e->timeout_ns = t->held_timeout_ns;
	e->ret = t->held_ret;
	e->tid = t->tid;
	e->pid = t->pid;
	e->fd = t->held_fd;
	e->watched = t->held_watched;
	e->nr = t->held_nr;
	e->slept = t->held_slept;
	if (t->held_ret)
		t->ready_waits--;
	else
		t->empty_waits--;
	end_record(c, WP_HOOK_syscall__exit, e);
	return 0;
}

/* Something was taken after all: the wait that led to it gets its record, and is no longer of those without. */
static __always_inline void release_wait(struct task_state *t)
{
	if (!t->held_exit_ns)
		return;
	write_held_wait(t);
	t->held_exit_ns = 0;
}

#endif
