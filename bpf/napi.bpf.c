// SPDX-License-Identifier: GPL-2.0-or-later
/* A packet leaves its driver: one program per way in. */
#include "emit.bpf.h"
#include "packet.bpf.h"

/* A bridge or the like gives a packet that the stack has seen to the stack again. */
static __always_inline bool is_passed_on(const struct cpu_state *c, const struct packet *p, const struct sk_buff *skb)
{
	return p->skb == (u64)skb && p->stack_ns && p->taken_in == c->softirq_ns && is_virtual(skb->dev);
}

static __always_inline int handed_over(u32 hook, u8 driver_hook, const struct sk_buff *skb)
{
	struct cpu_state *c = this_cpu();
	struct packet *p = packet_slot((u64)skb);

	if (!c || !p)
		return 0;
	if (driver_hook >= WP_DRIVER_receive && is_passed_on(c, p, skb)) {
		p->on_way = 1;
		count(c, hook, WP_NOTED);
		return 0;
	}
	if (driver_hook != WP_DRIVER_netif_rx) {
		if (!c->in_softirq)
			enter_poll(c, skb);
		note_origin(c, p, skb);
	}
	p->skb = (u64)skb;
	p->driver_ns = bpf_ktime_get_ns();
	p->driver_hook = driver_hook;
	p->driver_cpu = bpf_get_smp_processor_id();
	p->stack_ns = 0;
	p->on_way = 0;
	p->forwarded = 0;
	count(c, hook, WP_NOTED);
	return 0;
}

SEC("tp_btf/napi_gro_receive_entry")
int BPF_PROG(napi__gro_receive, const struct sk_buff *skb)
{
	return handed_over(WP_HOOK_napi__gro_receive, WP_DRIVER_gro_receive, skb);
}

SEC("tp_btf/napi_gro_frags_entry")
int BPF_PROG(napi__gro_frags, const struct sk_buff *skb)
{
	return handed_over(WP_HOOK_napi__gro_frags, WP_DRIVER_gro_frags, skb);
}

SEC("tp_btf/netif_receive_skb_entry")
int BPF_PROG(napi__receive, const struct sk_buff *skb)
{
	return handed_over(WP_HOOK_napi__receive, WP_DRIVER_receive, skb);
}

SEC("tp_btf/netif_receive_skb_list_entry")
int BPF_PROG(napi__receive_list, const struct sk_buff *skb)
{
	return handed_over(WP_HOOK_napi__receive_list, WP_DRIVER_receive_list, skb);
}

/* Attached once a watched delivery's driver stage was seen by none of the others. */
SEC("tp_btf/netif_rx_entry")
int BPF_PROG(napi__netif_rx, const struct sk_buff *skb)
{
	return handed_over(WP_HOOK_napi__netif_rx, WP_DRIVER_netif_rx, skb);
}
