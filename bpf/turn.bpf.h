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

/* The system call a task is in, or was in last, plus 1; a fault or the like shows as no number of one. */
static __always_inline u16 call_of(struct task_struct *task)
{
	u32 nr = syscall_number((struct pt_regs *)bpf_task_pt_regs(task));

	return nr < WP_MAX_SYSCALL ? nr + 1 : 0;
}

/* It read, accepted or slept: what comes next begins a new row. */
static __always_inline void turn_bears(struct task_state *t)
{
	t->barren = 0;
}

/* A receive or accept that would have had to wait. True: it is counted, and makes no record. */
static __always_inline bool counted_read(struct task_state *t, long ret)
{
	if (ret != -EAGAIN || t->slept)
		return false;
	if (++t->barren <= BARREN_RECORDED)
		return false;
	t->empty_reads++;
	return true;
}

/*
 * A wait that returned at once, as several before it. Whether its return leads to a read shows only
 * with the next call, so the latest is held. True: counted, and no record yet.
 */
static __always_inline bool counted_wait(struct task_state *t, long ret)
{
	if (t->slept || ret < 0) {
		t->held_exit_ns = 0;
		return false;
	}
	if (++t->barren <= BARREN_RECORDED)
		return false;
	if (ret)
		t->ready_waits++;
	else
		t->empty_waits++;
	t->held_enter_ns = t->enter_ns;
	t->held_timeout_ns = t->timeout_ns;
	t->held_ret = ret;
	t->held_fd = t->fd;
	t->held_watched = t->watched;
	t->held_nr = t->nr;
	t->held_exit_ns = bpf_ktime_get_ns();
	return true;
}

/* Something was taken after all: the wait that led to it gets its record, and is no longer of those without. */
static __always_inline void release_wait(struct cpu_state *c, u32 hook, struct task_state *t)
{
	struct wp_wait_call *e;

	if (!t->held_exit_ns)
		return;
	e = BEGIN_FURTHER(c, hook, wait_call);
	if (!e)
		goto forget;
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
	if (t->held_ret)
		t->ready_waits--;
	else
		t->empty_waits--;
	end_record(c, hook, e);
forget:
	t->held_exit_ns = 0;
}

#endif
