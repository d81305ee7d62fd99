/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which packet a delivery came from, and what was noted of it on its way. */
#ifndef WP_ARRIVAL_BPF_H
#define WP_ARRIVAL_BPF_H

#include "packet.bpf.h"
#include "sock.bpf.h"

/* A name at a kernel address; 0: of the loopback device's kind, which has none. Global, as the verifier then goes
 * through it once. */
__noinline int say_name(u32 space, u64 key, u64 name)
{
	struct cpu_state *c = this_cpu();
	struct wp_name *e;

	if (!c)
		return 0;
	e = BEGIN_FURTHER(c, WP_HOOK_socket__data_ready, name);
	if (!e)
		return 0;
	e->key = key;
	e->space = space;
	bpf_probe_read_kernel_str(e->text.s, sizeof(e->text.s), name ? (const char *)name : "loopback");
	end_record(c, WP_HOOK_socket__data_ready, e);
	return 0;
}

/* The name and the kind of the device a watched packet came by, when it is not the one named last. Returns its
 * network namespace. A global function: the verifier goes through it once. */
__noinline u32 name_device(u64 address, u32 ifindex)
{
	struct net_device *device = (void *)address;
	struct cpu_state *c = this_cpu();
	u32 slot = ifindex & (NAMED_DEVICES - 1);
	u64 *known = bpf_map_lookup_elem(&device_names, &slot);
	u32 netns = KREAD(struct net, KREAD(struct net_device, device, nd_net.net), ns.inum);
	u64 key = (u64)netns << 32 | ifindex;
	struct device_driver *driver;
	struct rtnl_link_ops *ops;
	struct device *parent;
	u64 kind = 0; /* read by the helper: what is loaded would be a pointer, which no global function takes */

	if (!c || !known || *known == (u64)device)
		return netns;
	*known = (u64)device;
	say_name(WP_NAME_netdev, key, address + bpf_core_field_offset(struct net_device, name));
	ops = (void *)KREAD(struct net_device, device, rtnl_link_ops);
	parent = KREAD(struct net_device, device, dev.parent);
	if (ops) {
		bpf_core_read(&kind, sizeof(kind), &ops->kind);
	} else if (parent) {
		driver = KREAD(struct device, parent, driver);
		bpf_core_read(&kind, sizeof(kind), &driver->name);
	}
	if (kind || (KREAD(struct net_device, device, flags) & IFF_LOOPBACK))
		say_name(WP_NAME_netdev_kind, key, kind);
	return netns;
}

/* Every CPU reads this line all the time: write to it only what is not there. */
static __always_inline void tell(u32 *signal)
{
	if (!*signal)
		*signal = 1;
}

/* What was noted of the packet at d->skb, which is 0 after it if nothing was. Global, as the verifier need not go
 * through it for every way that leads here. */
__noinline int arrival_facts(struct wp_delivery *d)
{
	struct packet *p;
	u64 skb;

	if (!d)
		return 0;
	skb = d->skb;
	d->skb = 0;
	d->len = 0;
	p = skb ? packet_slot(skb) : NULL;
	if (!p || p->skb != skb || !p->stack_ns)
		return 0;
	d->skb = skb;
	if ((d->flags & WP_DELIVERY_TCP_CLOCK) && d->protocol_ns < p->stack_ns) {
		d->protocol_ns = 0; /* not of this packet */
		d->flags &= ~(WP_DELIVERY_TCP_CLOCK | WP_DELIVERY_CLOCK_SENT);
	}
	d->irq_ns = p->irq_ns;
	d->raise_ns = p->raise_ns;
	d->softirq_ns = p->softirq_ns;
	d->driver_ns = p->driver_ns;
	d->stack_ns = p->stack_ns;
	d->len = p->len;
	d->irq = p->irq;
	d->ifindex = p->ifindex;
	d->napi_id = p->napi_id;
	d->packet_index = p->packet_index;
	d->queue = p->queue;
	d->segs = p->segs;
	d->stack_cpu = p->stack_cpu;
	d->driver_cpu = p->driver_cpu;
	d->softirq_how = p->softirq_how;
	d->irq_over = p->irq_over;
	d->flags |= p->deferred ? WP_DELIVERY_DEFERRED : 0;
	if (p->forwarded)
		d->flags |= WP_DELIVERY_FORWARDED;
	d->netns = name_device(p->device, p->ifindex);
	d->driver_hook = p->driver_hook;
	if (!p->driver_ns)
		tell(&signals.no_driver);
	else if (p->driver_hook < WP_DRIVER_netif_rx)
		tell(&signals.real_device);
	else
		tell(&signals.virtual_device);
	return 0;
}

/*
 * Where no tcp_probe tells when TCP took up the segment it delivers: when it read the clock for that.
 *
 * tcp_rcv_established() and tcp_rcv_state_process() read it as they begin (tcp_mstamp_refresh) and keep it with the
 * socket. A send reads it again; one may have been made since, on room that the segment's acknowledgement gave, where
 * the last departure is of that same reading and something is in flight.
 */
static __always_inline void ask_tcp_for_time(struct wp_delivery *d, const struct sock *sk)
{
	u64 clock;

	if (!bpf_core_field_exists(struct tcp_sock, tcp_clock_cache) ||
	    KREAD(struct sock, sk, __sk_common.skc_state) == TCP_LISTEN)
		return;
	clock = KREAD(struct tcp_sock, sk, tcp_clock_cache);
	d->protocol_ns = clock;
	d->flags |= WP_DELIVERY_TCP_CLOCK;
	if (KREAD(struct tcp_sock, sk, tcp_wstamp_ns) == clock && KREAD(struct tcp_sock, sk, packets_out))
		d->flags |= WP_DELIVERY_CLOCK_SENT;
}

/*
 * The newest packet in a TCP socket's queue, if the delivery begins with it. Else that one came early and lay aside,
 * and what is delivered is what was missing before it.
 */
static __always_inline u64 newest_queued(const struct wp_delivery *d, const struct sock_state *s, const void *tail)
{
	const void *cb = tail + bpf_core_field_offset(struct sk_buff, cb);

	return stream_offset(s, KREAD(struct tcp_skb_cb, cb, seq)) <= d->begin ? (u64)tail : 0;
}

/* Bytes of a packet in a TCP socket's queue, its TCP header included. */
static __always_inline u32 length_of(const struct sk_buff *skb)
{
	return KREAD(struct sk_buff, skb, len) + low_half((u64)KREAD(struct sk_buff, skb, data)) -
	       low_half((u64)KREAD(struct sk_buff, skb, head)) - KREAD(struct sk_buff, skb, transport_header);
}

/*
 * Is what came out of the backlog, or what passed the stack in the softirq or poll that runs here, the packet noted at
 * p?
 *
 * tcp_add_backlog() appends a packet to the one before it where it can, to a bare acknowledgement too, and then the
 * address is that of the earlier one: noted in the stack were the network header and all behind, len is the TCP header
 * and all behind.
 */
static __always_inline bool is_packet(const struct cpu_state *c, const struct packet *p, u64 skb, u32 level, u32 len)
{
	if (!p || p->skb != skb || !p->stack_ns)
		return false;
	return level == WP_LEVEL_task ? len <= p->len : p->taken_in == c->softirq_ns;
}

/*
 * d->skb: the packet this delivery came from, 0: not known. Packets may pass the stack as a list and reach their
 * sockets only after that, so the one taken last is the right one only where no other is in hand. Of what the owner of
 * a TCP socket has just taken out of its backlog, it is what tcp_probe saw, else the newest in the queue. A global
 * function: the verifier goes through it once.
 */
__noinline int find_packet(struct wp_delivery *d, struct sock_state *s, u32 level)
{
	struct cpu_state *c = this_cpu();
	const struct sock *sk;
	u64 tail, skb;
	u32 len;

	if (!c || !d || !s)
		return 0;
	sk = (void *)s->address;
	tail = (u64)KREAD(struct sock, sk, sk_receive_queue.prev);
	skb = signals.tcp_probed ? s->protocol_skb : 0;
	len = s->protocol_len;
	d->protocol_ns = skb ? s->protocol_ns : 0;
	if (s->kind == KIND_DATAGRAM) {
		skb = tail; /* __udp_enqueue_schedule_skb has just put it there */
	} else if (!skb && s->kind == KIND_TCP) {
		ask_tcp_for_time(d, sk);
		if (level == WP_LEVEL_task) {
			skb = newest_queued(d, s, (void *)tail);
			len = length_of((void *)tail);
		}
	}
	len += KREAD(struct sock, sk, __sk_common.skc_family) == AF_INET6 ? 40 : 20;
	if (skb && is_packet(c, packet_slot(skb), skb, level, len))
		d->skb = skb;
	else if (level == WP_LEVEL_softirq)
		d->skb = c->packets_in_hand == 1 ? c->skb : 0;
	if (level == WP_LEVEL_task)
		d->flags |= WP_DELIVERY_BACKLOG;
	else if (skb && d->skb != skb && s->kind == KIND_TCP)
		d->protocol_ns = 0;
	s->protocol_skb = 0;
	c->packets_in_hand = 0;
	return 0;
}

#endif
