// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tasks are woken and run. A wake is kept with the task and leaves in the record of its next run, so
 * that one record says: asleep since, woken by, on a run queue since, runs now, and who ran meanwhile.
 */
#include "turn.bpf.h"

/* The delivery in whose own context this wake happens: same CPU, same level, and at task level the same task. */
static __always_inline u64 delivery_behind(struct cpu_state *c, u32 level)
{
	if (level == WP_LEVEL_softirq)
		return c->delivery[WP_LEVEL_softirq];
	if (level != WP_LEVEL_task || c->delivery_tid != (u32)bpf_get_current_pid_tgid())
		return 0;
	if (signals.light && (!c->delivery_call || c->delivery_call != call_key(bpf_get_current_task_btf())))
		return 0; /* no return of a call ends that context: another call does */
	return c->delivery[WP_LEVEL_task];
}

/* An interrupt wakes the thread that does its work: what that thread takes from the card is tied to it. */
static __always_inline void note_irq_thread(struct cpu_state *c, const struct task_struct *p)
{
	struct irq_thread t = {};
	u32 tid = p->pid;

	c->wakes_thread = 0;
	if (!is_napi_thread(p) && !is_handler_thread(p))
		return;
	t.irq_ns = c->irq_ns;
	t.irq = c->irq;
	t.over = c->irq_over;
	t.woken_ns = bpf_ktime_get_ns();
	bpf_map_update_elem(&irq_threads, &tid, &t, BPF_ANY);
}

SEC("tp_btf/sched_waking")
int BPF_PROG(sched__waking, struct task_struct *p)
{
	struct cpu_state *c = enter(WP_HOOK_sched__waking);
	struct task_struct *current;
	struct task_state *t;
	u32 level;

	if (!c)
		return 0;
	if (c->in_device_irq | c->wakes_thread)
		note_irq_thread(c, p);
	t = task_of(c, WP_HOOK_sched__waking, p);
	if (!t) {
		count(c, WP_HOOK_sched__waking, p->tgid == config.self_pid ? WP_SELF : WP_FILTERED);
		return 0;
	}
	if (p->__state == TASK_RTLOCK_WAIT) { /* PREEMPT_RT: it waited for a lock, in the middle of what it does */
		count(c, WP_HOOK_sched__waking, WP_NOTED);
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
		if (who_is_here(c) == WHO_WATCHED)
			t->waker_nr = call_plus_one(current);
	}
	if (!p->on_cpu) /* else it is woken before it has gone to sleep, and waits for nothing */
		waits_for(t, cpu_of(p), false); /* where it ran last, and mostly will */
	t->waking_ns = bpf_ktime_get_ns();
	count(c, WP_HOOK_sched__waking, WP_NOTED);
	return 0;
}

/* Attached where the run queue's side of a wake is asked for. */
SEC("tp_btf/sched_wakeup")
int BPF_PROG(sched__wakeup, struct task_struct *p)
{
	struct cpu_state *c = this_cpu();
	struct task_state *t;

	if (!c)
		return 0;
	t = state_of_task(p);
	if (!t) {
		count(c, WP_HOOK_sched__wakeup, p->tgid == config.self_pid ? WP_SELF : WP_FILTERED);
		return 0;
	}
	t->runnable_ns = bpf_ktime_get_ns();
	if (!p->on_cpu)
		waits_for(t, cpu_of(p), true);
	count(c, WP_HOOK_sched__wakeup, WP_NOTED);
	return 0;
}

/* What select and the like get as a timeout by address, the kernel overwrites with what is left of it. */
static __always_inline void keep_timeout(struct task_state *t, struct task_struct *task)
{
	const volatile struct wp_call_info *call = call_info(t->off_nr - 1U);

	if (call->timeout_kind > WP_TIMEOUT_MS)
		t->timeout_ns = timeout_of(call, saved_registers(task));
}

static __always_inline void leaves(struct cpu_state *c, struct task_state *t, struct task_struct *task, u32 state)
{
	bool slept = c->tid == (u32)task->pid ? c->slept : t->slept;

	t->off_ns = bpf_ktime_get_ns();
	t->off_state = state;
	t->off_cpu = bpf_get_smp_processor_id();
	t->off_nr = state ? call_plus_one(task) : 0; /* a fault or the like shows as no number of one */
	t->calls += c->calls;
	t->slept = state || slept;
	if (!state) {
		waits_for(t, t->off_cpu, true);
		return;
	}
	turn_bears(t);
	if (!slept)
		keep_timeout(t, task);
}

/* A watched task waits while others take turns: whoever ran until now is named. */
static __always_inline void announce_switch(struct cpu_state *c, struct task_struct *prev, struct task_struct *next)
{
	struct wp_cpu_switch *e = BEGIN(c, WP_HOOK_sched__switch, cpu_switch);

	if (!e)
		return;
	e->prev_tid = prev->pid;
	e->next_tid = next->pid;
	copy_comm(&e->prev_comm, prev);
	end_record(c, WP_HOOK_sched__switch, e);
}

static __always_inline int switched(u64 *ctx, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct cpu_state *c = enter(WP_HOOK_sched__switch);
	struct task_state *t;
	bool was_watched;
	u32 state, waiters;

	if (!c)
		return 0;
	waiters = c->waiters;
	was_watched = c->tid == prev->pid ? c->who == WHO_WATCHED : true; /* if that switch was not reported: look */
	if (was_watched) {
		t = state_of_task(prev);
		state = config.switch_state_arg ? (u32)ctx[3] : prev->__state;
		if (t)
			leaves(c, t, prev, preempt ? 0 : state & 0xff);
		was_watched = t != NULL;
	}
	in_task_context(c);
	t = next->flags & PF_KTHREAD ? NULL : task_of(c, WP_HOOK_sched__switch, next);
	settle(c, next, t);
	if (t)
		announce_run(c, t, prev, 0);
	else if (waiters)
		announce_switch(c, prev, next);
	else
		count(c, WP_HOOK_sched__switch, was_watched ? WP_NOTED : c->who == WHO_SELF ? WP_SELF : WP_FILTERED);
	return 0;
}

SEC("tp_btf/sched_switch")
int sched__switch(u64 *ctx)
{
	return switched(ctx, ctx[0], (void *)ctx[1], (void *)ctx[2]);
}
