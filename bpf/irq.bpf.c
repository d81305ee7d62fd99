// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interrupts and the softirqs they raise. Nothing here makes a record per event: what an interrupt
 * was rides, through the packet, in the delivery it led to.
 */
#include "filter.bpf.h"

static __always_inline void name_line(struct cpu_state *c, u32 irq, struct irqaction *action)
{
	u64 *known = bpf_map_lookup_elem(&irq_names, &irq);
	struct wp_name *e;

	if (!known || *known == (u64)action)
		return;
	e = BEGIN_FURTHER(c, WP_HOOK_irq__entry, name);
	if (!e)
		return;
	*known = (u64)action;
	e->key = irq;
	e->space = WP_NAME_irq;
	bpf_probe_read_kernel_str(e->text.s, sizeof(e->text.s), action->name);
	end_record(c, WP_HOOK_irq__entry, e);
}

/* User or kernel code can't be told apart here: no tracepoint hands over the interrupted registers. */
static __always_inline u8 interrupted_what(struct task_struct *current)
{
	if (!current->pid)
		return WP_OVER_idle;
	return current->flags & PF_KTHREAD ? WP_OVER_kernel : WP_OVER_task;
}

SEC("tp_btf/irq_handler_entry")
int BPF_PROG(irq__entry, int irq, struct irqaction *action)
{
	struct cpu_state *c = enter(WP_HOOK_irq__entry);

	if (!c)
		return 0;
	c->irq_ns = bpf_ktime_get_ns();
	c->irq = irq;
	c->irq_over = interrupted_what(bpf_get_current_task_btf());
	c->in_device_irq = 1;
	c->wakes_thread = 0;
	name_line(c, irq, action);
	count(c, WP_HOOK_irq__entry, WP_NOTED);
	return 0;
}

SEC("tp_btf/irq_handler_exit")
int BPF_PROG(irq__exit, int irq, struct irqaction *action, int ret)
{
	struct cpu_state *c = this_cpu();

	if (!c)
		return 0;
	c->in_device_irq = 0;
	c->wakes_thread = ret & IRQ_WAKE_THREAD; /* __handle_irq_event_percpu: after this tracepoint */
	count(c, WP_HOOK_irq__exit, WP_NOTED);
	return 0;
}

/* What a raise in an interrupt's own context notes, or in the thread that does the interrupt's work. */
static __always_inline void note_raise(struct cpu_state *c, u64 irq_ns, u32 irq, u8 over)
{
	c->raise_irq_ns = irq_ns;
	c->raise_irq = irq;
	c->raise_over = over;
	c->raise_again = 0;
	c->raise_by_timer = c->in_timer_irq && !irq_ns;
	c->raise_ns = bpf_ktime_get_ns();
}

static __always_inline void raised_elsewhere(struct cpu_state *c)
{
	struct task_struct *current = bpf_get_current_task_btf();
	u32 tid = current->pid;
	struct irq_thread *t = NULL;

	if (c->in_softirq == IN_NET_RX && !c->in_timer_irq) {
		/* it had not emptied its cards: their interrupts stay off, and what made it run makes it run again */
		note_raise(c, c->softirq_irq_ns, c->softirq_irq, c->softirq_over);
		c->raise_again = 1;
		return;
	}
	if (is_handler_thread(current))
		t = bpf_map_lookup_elem(&irq_threads, &tid);
	note_raise(c, t ? t->irq_ns : 0, t ? t->irq : 0, t ? t->over : 0);
}

/*
 * Detached while deliveries come from virtual devices only. The first raise since the softirq last ran is the one that
 * makes it run; an interrupt's counts for more than any other.
 */
SEC("tp_btf/softirq_raise")
int BPF_PROG(irq__softirq_raise, unsigned int vec)
{
	struct cpu_state *c = this_cpu();

	if (!c)
		return 0;
	if (vec == NET_RX_SOFTIRQ) {
		if (c->in_device_irq && (!c->raise_irq_ns || c->raise_again))
			note_raise(c, c->irq_ns, c->irq, c->irq_over);
		else if (!c->in_device_irq && !c->raise_ns)
			raised_elsewhere(c);
	}
	count(c, WP_HOOK_irq__softirq_raise, WP_NOTED);
	return 0;
}

static __always_inline u8 who_runs_it(struct cpu_state *c)
{
	struct task_struct *current = bpf_get_current_task_btf();

	if ((current->flags & PF_KTHREAD) && current->comm[0] == 'k' && current->comm[1] == 's' &&
	    current->comm[4] == 't' && current->comm[7] == 'q' && current->comm[8] == 'd')
		return WP_SOFTIRQ_ksoftirqd;
	if (is_handler_thread(current))
		return WP_SOFTIRQ_irq_thread;
	if (c->raise_again && c->softirq_how != WP_SOFTIRQ_ksoftirqd)
		return c->softirq_how;
	if (c->raise_irq_ns)
		return WP_SOFTIRQ_irq_exit;
	return c->raise_by_timer ? WP_SOFTIRQ_timer : WP_SOFTIRQ_inline;
}

/* The raise was not seen: the last interrupt since the softirq last ran may have made it. */
static __always_inline void last_interrupt(struct cpu_state *c)
{
	if (c->irq_ns <= c->softirq_ns)
		return;
	c->raise_irq_ns = c->irq_ns;
	c->raise_irq = c->irq;
	c->raise_over = c->irq_over;
}

/* Any softirq ends the context of the delivery before it. */
SEC("tp_btf/softirq_entry")
int BPF_PROG(irq__softirq_entry, unsigned int vec)
{
	struct cpu_state *c = this_cpu();

	if (!c)
		return 0;
	c->delivery[WP_LEVEL_softirq] = 0;
	c->skb = 0;
	c->packets_in_hand = 0;
	c->in_softirq = vec == NET_RX_SOFTIRQ ? IN_NET_RX : IN_OTHER;
	c->in_poll = 0;
	if (vec == NET_RX_SOFTIRQ) {
		if (!c->raise_ns)
			last_interrupt(c);
		c->softirq_how = who_runs_it(c);
		c->softirq_raise_ns = c->raise_ns;
		c->softirq_irq_ns = c->raise_irq_ns;
		c->softirq_irq = c->raise_irq;
		c->softirq_over = c->raise_over;
		c->packet_index = c->raise_again ? c->packet_index + 1 : 0;
		c->raise_ns = 0;
		c->raise_irq_ns = 0;
		c->raise_again = 0;
		c->raise_by_timer = 0;
		c->softirq_ns = bpf_ktime_get_ns();
		if (c->softirq_how == WP_SOFTIRQ_ksoftirqd)
			c->ksoftirqd_ns = c->softirq_ns;
	}
	count(c, WP_HOOK_irq__softirq_entry, WP_NOTED);
	return 0;
}

SEC("tp_btf/softirq_exit")
int BPF_PROG(irq__softirq_exit)
{
	struct cpu_state *c = this_cpu();

	if (!c)
		return 0;
	c->in_softirq = 0;
	count(c, WP_HOOK_irq__softirq_exit, WP_NOTED);
	return 0;
}

/* Timer interrupts pass no irq_handler_entry on x86, yet they wake tasks. */
SEC("tp_btf/local_timer_entry")
int BPF_PROG(irq__timer_entry)
{
	struct cpu_state *c = this_cpu();

	if (!c)
		return 0;
	c->in_timer_irq = 1;
	count(c, WP_HOOK_irq__timer_entry, WP_NOTED);
	return 0;
}

SEC("tp_btf/local_timer_exit")
int BPF_PROG(irq__timer_exit)
{
	struct cpu_state *c = this_cpu();

	if (!c)
		return 0;
	c->in_timer_irq = 0;
	count(c, WP_HOOK_irq__timer_exit, WP_NOTED);
	return 0;
}
