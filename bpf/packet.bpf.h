/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WP_PACKET_BPF_H
#define WP_PACKET_BPF_H

#include "maps.bpf.h"

/* The slot of a packet; sk_buffs are 256 bytes apart. Whoever reads it compares the address first. */
static __always_inline struct packet *packet_slot(u64 skb)
{
	u32 low, slot;

	/* a 32-bit move makes a number of a pointer; no arithmetic is allowed on it before */
	asm volatile("%0 = %1" : "=w"(low) : "w"((u32)skb));
	slot = (low >> 8 ^ low >> 21) & (PACKET_SLOTS - 1);

	return bpf_map_lookup_elem(&packets, &slot);
}

#endif
