/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Count, reserve, number, stamp, submit: the only way a record leaves a program. */
#ifndef WP_EMIT_BPF_H
#define WP_EMIT_BPF_H

#include "maps.bpf.h"

/*
 * A counter belongs to one hook on one CPU, and the kernel never runs a program inside itself there
 * (prog->active in bpf_trace_run): a plain increment loses nothing, and costs a third of an atomic one.
 */
static __always_inline void count(struct cpu_state *c, u32 hook, u32 outcome)
{
	c->n.count[hook][outcome]++;
}

/* This CPU's state; the first call of a program that never makes a record. */
static __always_inline struct cpu_state *this_cpu(void)
{
	u32 cpu = bpf_get_smp_processor_id();

	return config.empty ? NULL : bpf_map_lookup_elem(&cpus, &cpu);
}

/* The same for a program that may make one: the firing is counted. */
static __always_inline struct cpu_state *enter(u32 hook)
{
	struct cpu_state *c = this_cpu();

	if (c)
		count(c, hook, WP_FIRED);
	return c;
}

/*
 * The context we are in, kept by the programs on interrupt, timer and softirq entry. Where the exit of
 * softirqs is not watched, one may have ended since the last sign of a task: then the context is known
 * only as long as the delivery made in it has not ended.
 */
static __always_inline u32 context_level(const struct cpu_state *c)
{
	if (c->in_device_irq | c->in_timer_irq)
		return WP_LEVEL_hardirq;
	if (!c->in_softirq) /* NAPI threads and busy polls deliver as a softirq would */
		return c->in_poll == NAPI_THREAD_POLLS || (c->in_poll && c->delivery[WP_LEVEL_softirq])
			       ? WP_LEVEL_softirq
			       : WP_LEVEL_task;
	return signals.softirq_ends || c->packets_in_hand || c->delivery[WP_LEVEL_softirq] ? WP_LEVEL_softirq
											   : WP_LEVEL_unknown;
}

/* A system call or a switch: whatever softirq ran here has ended. */
static __always_inline void in_task_context(struct cpu_state *c)
{
	c->in_softirq = 0;
	c->in_poll = 0;
	c->delivery[WP_LEVEL_task] = 0;
}

/* With a canary: what this program owns, before anything can come in between. */
static __always_inline void begin_seal(struct cpu_state *c, u32 hook, const struct wp_header *h, struct wp_seal *seal,
				       bool is_further)
{
	u32 zero = 0, word = config.canary == WP_CANARY_SHARED ? 0 : hook;
	struct canaries *canaries = bpf_map_lookup_elem(&canaries_of_cpu, &zero);

	barrier_var(word); /* for the verifier: the bound below is of what indexes */
	if (!canaries || word >= WP_HOOK_count)
		return;
	__builtin_memset(seal, 0, sizeof(*seal));
	seal->hook = hook;
	seal->tid = c->tid;
	seal->who = c->who;
	seal->inside_of = canaries->open++;
	seal->is_further = is_further; /* the record it belongs to may not have been ended */
	if (!is_further)
		canaries->own[word] = h->seq;
}

/* And afterwards. */
static __always_inline void end_seal(struct cpu_state *c, const struct wp_header *h, const u32 size,
				     struct wp_seal *seal)
{
	u32 zero = 0, hook = seal->hook, word = config.canary == WP_CANARY_SHARED ? 0 : hook;
	struct canaries *canaries = bpf_map_lookup_elem(&canaries_of_cpu, &zero);

	barrier_var(word); /* for the verifier: the bound below is of what indexes */
	if (!canaries || word >= WP_HOOK_count)
		return;
	canaries->open--;
	seal->own = seal->is_further ? h->seq : canaries->own[word];
	seal->tid_after = c->tid;
	seal->who_after = c->who;
	seal->sum = wp_sum_of(h, size);
	seal->canary = wp_canary_of(h);
}

/*
 * Reserve a zeroed record, its header filled; NULL and counted when the ring has no room. The number
 * is taken before the reserve, so that a refusal leaves a hole; the time is read after it, so that
 * whoever has seen the ring up to some moment has seen every earlier record.
 */
static __always_inline void *begin_record(struct cpu_state *c, u32 hook, u32 kind, const u32 size, bool is_further)
{
	const u32 room = config.canary ? size + sizeof(struct wp_seal) : size;
	u32 cpu = bpf_get_smp_processor_id();
	struct wp_header *h;
	void *ring;
	u64 seq;

	if (config.stat) {
		count(c, hook, WP_NOTED);
		return NULL;
	}
	seq = __sync_fetch_and_add(&c->n.seq, 1) + 1;
	ring = bpf_map_lookup_elem(&rings, &cpu);
	h = ring ? bpf_ringbuf_reserve(ring, room, 0) : NULL;
	if (!h) {
		count(c, hook, WP_RING_FULL);
		return NULL;
	}
	__builtin_memset(h, 0, size);
	h->ts_ns = bpf_ktime_get_ns();
	h->seq = seq;
	h->kind = kind;
	h->size = size;
	h->cpu = cpu;
	if (config.canary)
		begin_seal(c, hook, h, (void *)h + size, is_further);
	return h;
}

static __always_inline void end_record_of(struct cpu_state *c, u32 hook, void *record, const u32 size)
{
	if (config.canary)
		end_seal(c, record, size, record + size);
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	count(c, hook, WP_SUBMITTED);
}

#define end_record(c, hook, record) end_record_of(c, hook, record, sizeof(*(record)))

/* A further record of the same firing: counted as a firing of its own, so that the books balance. */
static __always_inline void *begin_further_record(struct cpu_state *c, u32 hook, u32 kind, const u32 size)
{
	count(c, hook, WP_FIRED);
	return begin_record(c, hook, kind, size, true);
}

/*
 * A mark in what the iterator gives its reader: a read ends after as many marks as it has room for, so that the rings
 * can be emptied between two reads, however much there is to announce.
 */
static __always_inline void mark_of_iterator(struct bpf_iter_meta *meta)
{
	bpf_seq_write(meta->seq, ".", 1);
}

#define BEGIN(c, hook, name) \
	((struct wp_##name *)begin_record(c, hook, WP_KIND_##name, sizeof(struct wp_##name), false))
#define BEGIN_FURTHER(c, hook, name) \
	((struct wp_##name *)begin_further_record(c, hook, WP_KIND_##name, sizeof(struct wp_##name)))

#endif
