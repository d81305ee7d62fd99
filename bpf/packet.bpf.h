/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is noted of a packet on its way from the card to its socket. */
#ifndef WP_PACKET_BPF_H
#define WP_PACKET_BPF_H

#include "maps.bpf.h"

/* The low half of an address, as a number: a 32-bit move makes one of a pointer, on which no arithmetic is allowed. */
static __always_inline u32 low_half(u64 address)
{
	u32 low;

	asm volatile("%0 = %1" : "=w"(low) : "w"((u32)address));
	return low;
}

/* The slot of a packet; sk_buffs are 256 bytes apart. Whoever reads it compares the address first. */
static __always_inline struct packet *packet_slot(u64 skb)
{
	u32 low = low_half(skb), slot;

	slot = (low >> 8 ^ low >> 21) & (PACKET_SLOTS - 1);

	return bpf_map_lookup_elem(&packets, &slot);
}

/* Sending into a virtual device is receiving from it: the packet goes straight to netif_rx. */
static __always_inline bool is_virtual(const struct net_device *dev)
{
	if (dev->flags & IFF_LOOPBACK)
		return true;
	barrier(); /* or the compiler ors flags and pointer, which the verifier forbids */
	return dev->rtnl_link_ops != NULL;
}

/*
 * A packet outside of any softirq: a NAPI thread or a task's busy poll took it from the card, or a task wrote it into
 * a TUN device. What the softirq that runs here says otherwise, the poll says now.
 */
static __always_inline void enter_poll(struct cpu_state *c, const struct sk_buff *skb)
{
	struct task_struct *current = bpf_get_current_task_btf();
	bool is_kernel_thread = current->flags & PF_KTHREAD;
	u32 tid = current->pid;
	struct irq_thread *t = is_kernel_thread ? bpf_map_lookup_elem(&irq_threads, &tid) : NULL;

	if (t) {
		c->softirq_ns = t->woken_ns;
		c->packet_index = t->packets++;
	} else if (!c->in_poll) {
		c->softirq_ns = bpf_ktime_get_ns();
		c->packet_index = 0;
	}
	c->softirq_how = is_kernel_thread	? WP_SOFTIRQ_napi_thread
			 : is_virtual(skb->dev) ? WP_SOFTIRQ_writer
						: WP_SOFTIRQ_busy_poll;
	c->softirq_raise_ns = t ? t->woken_ns : 0;
	c->softirq_irq_ns = t ? t->irq_ns : 0;
	c->softirq_irq = t ? t->irq : 0;
	c->softirq_over = t ? t->over : 0;
	c->in_poll = is_kernel_thread ? NAPI_THREAD_POLLS : TASK_POLLS;
}

/* The softirq or poll a packet came in, its interrupt, and its device: noted where the driver hands it over. */
static __always_inline void note_origin(struct cpu_state *c, struct packet *p, const struct sk_buff *skb)
{
	p->irq_ns = c->softirq_irq_ns;
	p->irq = c->softirq_irq;
	p->raise_ns = c->softirq_raise_ns;
	p->softirq_ns = c->in_softirq ? c->softirq_ns : 0;
	p->softirq_how = c->softirq_how;
	p->irq_over = c->softirq_over;
	p->packet_index = c->packet_index++;
	p->device = (u64)skb->dev;
	p->ifindex = skb->dev->ifindex;
}

#endif
