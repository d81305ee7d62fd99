// SPDX-License-Identifier: GPL-2.0-or-later
/* A packet in the protocol stack: here it gets the softirq it travels in, and with that its interrupt. */
#include "packet.bpf.h"
#include "sock.bpf.h"

/* Frames behind a merged packet; a host that merges for its guest tells their size, not their number. */
static __always_inline u16 merged_frames(struct sk_buff *skb)
{
	struct skb_shared_info *shared = (void *)skb->head + skb->end;
	u16 frames = KREAD(struct skb_shared_info, shared, gso_segs);
	u16 size = KREAD(struct skb_shared_info, shared, gso_size);

	return frames || !size ? frames : (skb->len + size - 1) / size;
}

SEC("tp_btf/netif_receive_skb")
int BPF_PROG(stack__receive, struct sk_buff *skb)
{
	struct cpu_state *c = this_cpu();
	struct packet *p = packet_slot((u64)skb);

	if (!c || !p)
		return 0;
	/* a slot whose packet has already been through the stack in another softirq belongs to an earlier one */
	if (p->skb != (u64)skb || (p->stack_ns && p->softirq_ns != c->softirq_ns)) {
		p->skb = (u64)skb;
		p->driver_ns = 0;
		p->driver_hook = WP_DRIVER_none;
	}
	c->delivery[WP_LEVEL_softirq] = 0;
	c->skb = (u64)skb;
	c->packets_in_hand++;
	p->irq_ns = c->softirq_irq_ns;
	p->irq = c->softirq_irq;
	p->raise_ns = c->softirq_raise_ns;
	p->softirq_ns = c->softirq_ns;
	p->softirq_how = c->softirq_how;
	p->deferred = p->driver_ns && c->ksoftirqd_ns > p->driver_ns;
	p->irq_over = c->softirq_over;
	p->packet_index = c->packet_index++;
	p->device = (u64)skb->dev;
	p->ifindex = skb->dev->ifindex;
	p->napi_id = p->driver_hook == WP_DRIVER_xmit ? 0 : skb->napi_id; /* else it is the sender's CPU */
	p->queue = skb->queue_mapping;
	p->len = skb->len;
	p->segs = merged_frames(skb);
	p->stack_cpu = bpf_get_smp_processor_id();
	p->stack_ns = bpf_ktime_get_ns();
	count(c, WP_HOOK_stack__receive, WP_NOTED);
	return 0;
}

/* tcp_rcv_established, in a softirq or, for what waited in the backlog, in the owner's context. */
SEC("tp_btf/tcp_probe")
int BPF_PROG(stack__tcp_probe, struct sock *sk, const struct sk_buff *skb)
{
	struct cpu_state *c = this_cpu();
	struct sock_state *s;

	if (!c)
		return 0;
	c->packets_in_hand = 0;
	s = state_of_sock(sk);
	if (!s) {
		count(c, WP_HOOK_stack__tcp_probe, WP_FILTERED);
		return 0;
	}
	s->protocol_skb = (u64)skb;
	s->protocol_len = skb->len;
	s->protocol_ns = bpf_ktime_get_ns();
	count(c, WP_HOOK_stack__tcp_probe, WP_NOTED);
	return 0;
}
