// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tasks are woken and run. A wake is kept with the task and leaves in the record of its next run, so
 * that one record says: asleep since, woken by, on a run queue since, runs now, and who ran meanwhile.
 */
#include "filter.bpf.h"

/* The delivery in whose own context this wake happens: same CPU, same level, and at task level the same task. */
static __always_inline u64 delivery_behind(struct cpu_state *c, u32 level)
{
	if (level == WP_LEVEL_softirq)
		return c->delivery[WP_LEVEL_softirq];
	if (level == WP_LEVEL_task && c->delivery_tid == (u32)bpf_get_current_pid_tgid())
		return c->delivery[WP_LEVEL_task];
	return 0;
}

SEC("tp_btf/sched_waking")
int BPF_PROG(sched__waking, struct task_struct *p)
{
	struct cpu_state *c = enter(WP_HOOK_sched__waking);
	struct task_struct *current;
	struct task_state *t, *waker;
	u32 level;

	if (!c)
		return 0;
	t = task_of(c, WP_HOOK_sched__waking, p);
	if (!t) {
		count(c, WP_HOOK_sched__waking, p->tgid == config.self_pid ? WP_SELF : WP_FILTERED);
		return 0;
	}
	level = context_level(c);
	t->wake_delivery = delivery_behind(c, level);
	t->wake_cpu = bpf_get_smp_processor_id();
	t->wake_level = level;
	t->waker_tid = 0;
	t->waker_nr = 0;
	t->runnable_ns = 0;
	if (level == WP_LEVEL_task) {
		current = bpf_get_current_task_btf();
		t->waker_tid = current->pid;
		copy_comm(&t->waker_comm, current);
		waker = c->who == WHO_WATCHED ? current_task_of(c, WP_HOOK_sched__waking) : NULL;
		if (waker && waker->class)
			t->waker_nr = waker->nr + 1;
	}
	t->waking_ns = bpf_ktime_get_ns();
	count(c, WP_HOOK_sched__waking, WP_NOTED);
	return 0;
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(sched__wakeup, struct task_struct *p)
{
	struct cpu_state *c = enter(WP_HOOK_sched__wakeup);
	struct task_state *t;

	if (!c)
		return 0;
	t = bpf_task_storage_get(&tasks, p, NULL, 0);
	if (!t) {
		count(c, WP_HOOK_sched__wakeup, p->tgid == config.self_pid ? WP_SELF : WP_FILTERED);
		return 0;
	}
	t->runnable_ns = bpf_ktime_get_ns();
	count(c, WP_HOOK_sched__wakeup, WP_NOTED);
	return 0;
}

static __always_inline void leaves(struct task_state *t, u32 state)
{
	t->off_ns = bpf_ktime_get_ns();
	t->off_state = state;
	t->off_cpu = bpf_get_smp_processor_id();
	if (state)
		t->slept = 1;
}

static __always_inline void runs(struct cpu_state *c, struct task_state *t, struct task_struct *prev)
{
	struct wp_run *e = BEGIN(c, WP_HOOK_sched__switch, run);

	if (!e)
		goto forget;
	e->start_ns = t->start_ns;
	e->off_ns = t->off_ns;
	e->waking_ns = t->waking_ns;
	e->runnable_ns = t->runnable_ns;
	e->wake_delivery = t->wake_delivery;
	e->tid = t->tid;
	e->pid = t->pid;
	e->off_state = t->off_state;
	e->wake_cpu = t->wake_cpu;
	e->off_cpu = t->off_cpu;
	e->wake_level = t->wake_level;
	e->waker_nr = t->waker_nr;
	if (t->waking_ns && t->wake_level == WP_LEVEL_task) {
		e->waker_tid = t->waker_tid;
		e->waker_comm = t->waker_comm;
	}
	e->prev_tid = prev->pid;
	copy_comm(&e->prev_comm, prev);
	end_record(c, WP_HOOK_sched__switch, e);
forget:
	t->waking_ns = 0;
	t->runnable_ns = 0;
	t->wake_delivery = 0;
}

static __always_inline int switched(u64 *ctx, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct cpu_state *c = enter(WP_HOOK_sched__switch);
	struct task_state *t;
	u32 state, was;

	if (!c)
		return 0;
	was = c->who;
	if (was == WHO_WATCHED) {
		t = bpf_task_storage_get(&tasks, prev, NULL, 0);
		state = config.switch_state_arg ? (u32)ctx[3] : prev->__state;
		if (t)
			leaves(t, preempt ? 0 : state & 0xff);
	}
	c->delivery[WP_LEVEL_task] = 0;
	t = next->flags & PF_KTHREAD ? NULL : task_of(c, WP_HOOK_sched__switch, next);
	if (t) {
		c->who = WHO_WATCHED;
		c->call_class = t->class;
		runs(c, t, prev);
		return 0;
	}
	c->who = next->tgid == config.self_pid ? WHO_SELF : WHO_OTHER;
	c->call_class = 0;
	count(c, WP_HOOK_sched__switch, was == WHO_WATCHED ? WP_NOTED : c->who == WHO_SELF ? WP_SELF : WP_FILTERED);
	return 0;
}

SEC("tp_btf/sched_switch")
int sched__switch(u64 *ctx)
{
	return switched(ctx, ctx[0], (void *)ctx[1], (void *)ctx[2]);
}
