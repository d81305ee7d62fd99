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

/* Is what the slot says of this very packet, and not of an earlier one that lay at the same address? */
static __always_inline bool is_known(const struct cpu_state *c, const struct packet *p, u64 skb)
{
	return p->skb == skb && (!p->stack_ns || p->on_way || p->taken_in == c->softirq_ns);
}

/* Did a card's driver hand it over? Then that noted its origin, on this CPU or on the one that steered it here. */
static __always_inline bool came_by_driver(const struct packet *p)
{
	return p->driver_ns && p->driver_hook < WP_DRIVER_netif_rx;
}

SEC("tp_btf/netif_receive_skb")
int BPF_PROG(stack__receive, struct sk_buff *skb)
{
	struct cpu_state *c = this_cpu();
	struct packet *p = packet_slot((u64)skb);

	if (!c || !p)
		return 0;
	if (c->nobodys == (u64)skb) {
		c->nobodys_in = c->softirq_ns;
		c->nobodys = 0;
		c->delivery[WP_LEVEL_softirq] = 0;
		c->skb = 0;
		c->packets_in_hand = 0;
		count(c, WP_HOOK_stack__receive, WP_FILTERED);
		return 0;
	}
	if (!is_known(c, p, (u64)skb)) {
		p->skb = (u64)skb;
		p->driver_ns = 0;
		p->driver_hook = WP_DRIVER_none;
		p->on_way = 0;
		p->forwarded = 0;
	}
	if (!c->in_softirq)
		enter_poll(c, skb);
	c->delivery[WP_LEVEL_softirq] = 0;
	c->skb = (u64)skb;
	/* what comes from a virtual device comes one by one (process_backlog), and has reached its socket before the
	 * next */
	c->packets_in_hand = p->driver_hook >= WP_DRIVER_netif_rx ? 1 : c->packets_in_hand + 1;
	if (!came_by_driver(p))
		note_origin(c, p, skb);
	if (!p->on_way) {
		p->napi_id = p->driver_hook == WP_DRIVER_xmit ? 0 : skb->napi_id; /* else it is the sender's CPU */
		p->queue = skb->queue_mapping;
		p->segs = merged_frames(skb);
	}
	p->forwarded |= p->on_way;
	p->on_way = 0;
	p->taken_in = c->softirq_ns;
	p->deferred = p->driver_ns && c->ksoftirqd_ns > p->driver_ns;
	p->len = skb->len;
	p->stack_cpu = bpf_get_smp_processor_id();
	p->stack_ns = bpf_ktime_get_ns();
	count(c, WP_HOOK_stack__receive, WP_NOTED);
	return 0;
}

/*
 * tcp_rcv_established, in a softirq or, for what waited in the backlog, in the owner's context. Detached while
 * deliveries come from virtual devices only: there the packet is known without, and TCP's own clock tells the time.
 */
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
