// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes to every page of a ring before the first record does. Under a hypervisor that keeps page tables of its own
 * for the guest, the first write to a page costs some 10 us, and would be part of what a request is seen to take.
 */
#include "emit.bpf.h"

/* 0: one piece of the ring was written to and given back; 1: it has no room left. */
SEC("syscall")
int ring__warm(struct wp_warm *what)
{
	u32 index = what->ring, i;
	void *ring = bpf_map_lookup_elem(&rings, &index);
	u8 *room = ring ? bpf_ringbuf_reserve(ring, WP_WARM_BYTES, 0) : NULL;

	if (!room)
		return 1;
	for (i = 0; i < WP_WARM_BYTES; i += 4096)
		*(volatile u8 *)(room + i) = 0;
	bpf_ringbuf_discard(room, BPF_RB_NO_WAKEUP);
	return 0;
}
