// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What else a CPU did: interrupts, softirqs, NAPI polls and every switch, for the picture. Loaded with
 * --detail timeline only; the programs that paths need do not know of these. Where such a program has stamped the
 * same moment its time is used, so that slices and paths agree to the nanosecond.
 */
#include "filter.bpf.h"

/* A watched task has run here, or data was delivered here: the CPUs a request could have been on. */
static __always_inline bool matters(const struct cpu_state *c)
{
	return c->n.count[WP_HOOK_sched__switch][WP_SUBMITTED] | c->n.count[WP_HOOK_socket__data_ready][WP_SUBMITTED];
}

static __always_inline struct timeline_state *timeline_state(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&timeline, &zero);
}

static __always_inline struct wp_cpu_slice *begin_slice(struct cpu_state *c, u32 hook, u32 what, u64 begin_ns)
{
	struct wp_cpu_slice *e;

	if (!matters(c)) {
		count(c, hook, WP_FILTERED);
		return NULL;
	}
	e = BEGIN(c, hook, cpu_slice);
	if (!e)
		return NULL;
	e->begin_ns = begin_ns;
	e->what = what;
	e->tid = bpf_get_current_task_btf()->pid;
	return e;
}

SEC("tp_btf/irq_handler_exit")
int BPF_PROG(timeline__irq_exit, int irq)
{
	struct cpu_state *c = enter(WP_HOOK_timeline__irq_exit);
	struct wp_cpu_slice *e;

	if (!c)
		return 0;
	e = begin_slice(c, WP_HOOK_timeline__irq_exit, WP_SLICE_irq, c->irq == irq ? c->irq_ns : 0);
	if (!e)
		return 0;
	e->number = irq;
	end_record(c, WP_HOOK_timeline__irq_exit, e);
	return 0;
}

SEC("tp_btf/softirq_entry")
int BPF_PROG(timeline__softirq_entry, unsigned int vec)
{
	struct cpu_state *c = this_cpu();
	struct timeline_state *t = timeline_state();

	if (!c || !t)
		return 0;
	t->softirq_ns = bpf_ktime_get_ns();
	t->poll_ns = 0;
	count(c, WP_HOOK_timeline__softirq_entry, WP_NOTED);
	return 0;
}

/* The paths' own program stamped a receive softirq just before or after this file's. */
static __always_inline u64 softirq_began(const struct cpu_state *c, const struct timeline_state *t, u32 vec)
{
	u64 apart = c->softirq_ns > t->softirq_ns ? c->softirq_ns - t->softirq_ns : t->softirq_ns - c->softirq_ns;

	return vec == NET_RX_SOFTIRQ && apart < 10000 ? c->softirq_ns : t->softirq_ns;
}

SEC("tp_btf/softirq_exit")
int BPF_PROG(timeline__softirq_exit, unsigned int vec)
{
	struct cpu_state *c = enter(WP_HOOK_timeline__softirq_exit);
	struct timeline_state *t = timeline_state();
	struct wp_cpu_slice *e;

	if (!c || !t)
		return 0;
	e = begin_slice(c, WP_HOOK_timeline__softirq_exit, WP_SLICE_softirq, softirq_began(c, t, vec));
	t->softirq_ns = 0;
	if (!e)
		return 0;
	e->number = vec;
	end_record(c, WP_HOOK_timeline__softirq_exit, e);
	return 0;
}

SEC("tp_btf/local_timer_entry")
int BPF_PROG(timeline__timer_entry)
{
	struct cpu_state *c = this_cpu();
	struct timeline_state *t = timeline_state();

	if (!c || !t)
		return 0;
	t->timer_ns = bpf_ktime_get_ns();
	count(c, WP_HOOK_timeline__timer_entry, WP_NOTED);
	return 0;
}

SEC("tp_btf/local_timer_exit")
int BPF_PROG(timeline__timer_exit)
{
	struct cpu_state *c = enter(WP_HOOK_timeline__timer_exit);
	struct timeline_state *t = timeline_state();
	struct wp_cpu_slice *e;

	if (!c || !t)
		return 0;
	e = begin_slice(c, WP_HOOK_timeline__timer_exit, WP_SLICE_timer, t->timer_ns);
	if (e)
		end_record(c, WP_HOOK_timeline__timer_exit, e);
	return 0;
}

/* Outside of a softirq (a NAPI thread, a busy poll) nothing tells when the poll began. */
SEC("tp_btf/napi_poll")
int BPF_PROG(timeline__napi_poll, struct napi_struct *napi, int work, int budget)
{
	struct cpu_state *c = enter(WP_HOOK_timeline__napi_poll);
	struct timeline_state *t = timeline_state();
	struct net_device *device = napi->dev;
	struct wp_cpu_slice *e;
	u64 began;

	if (!c || !t)
		return 0;
	began = !t->softirq_ns ? 0 : t->poll_ns ? t->poll_ns : softirq_began(c, t, NET_RX_SOFTIRQ);
	e = begin_slice(c, WP_HOOK_timeline__napi_poll, WP_SLICE_napi, began);
	if (!e)
		return 0;
	e->number = napi->napi_id;
	e->ifindex = device ? device->ifindex : 0;
	e->work = work;
	e->budget = budget;
	t->poll_ns = e->h.ts_ns;
	end_record(c, WP_HOOK_timeline__napi_poll, e);
	return 0;
}

static __always_inline u32 what_it_is(struct task_struct *task)
{
	if (task->flags & PF_KTHREAD)
		return WP_SWITCH_KTHREAD;
	if (task->tgid == config.self_pid)
		return WP_SWITCH_SELF;
	return bpf_task_storage_get(&tasks, task, NULL, 0) ? WP_SWITCH_WATCHED : 0;
}

SEC("tp_btf/sched_switch")
int timeline__switch(u64 *ctx)
{
	struct cpu_state *c = enter(WP_HOOK_timeline__switch);
	struct task_struct *prev = (void *)ctx[1], *next = (void *)ctx[2];
	struct wp_task_switch *e;

	if (!c)
		return 0;
	if (!matters(c)) {
		count(c, WP_HOOK_timeline__switch, WP_FILTERED);
		return 0;
	}
	e = BEGIN(c, WP_HOOK_timeline__switch, task_switch);
	if (!e)
		return 0;
	e->prev_tid = prev->pid;
	e->next_tid = next->pid;
	e->next_pid = next->tgid;
	e->prev_state = ctx[0] ? 0 : (config.switch_state_arg ? (u32)ctx[3] : prev->__state) & 0xff;
	e->flags = what_it_is(next);
	copy_comm(&e->next_comm, next);
	end_record(c, WP_HOOK_timeline__switch, e);
	return 0;
}
