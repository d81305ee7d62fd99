/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `wakepath stat` counts in the kernel: one histogram for each stage, on each CPU. */
#ifndef WP_WIRE_STAT_H
#define WP_WIRE_STAT_H

#include "events.h"

/* clang-format off */

/* S(number, name, "from where to where") */
#define WP_STATS(S)                                                                                \
	S(0, total,   "from readable to copied, of every read whose delivery was seen")            \
	S(1, waking,  "from readable to the reader's wake, where it slept for it")                 \
	S(2, running, "from there until it ran")                                                   \
	S(3, read,    "from there until the data was copied")

/* clang-format on */

#define WP_DECLARE_STAT(number, name, doc) WP_STAT_##name = number,
enum wp_stat { WP_STATS(WP_DECLARE_STAT) WP_STAT_count };
#undef WP_DECLARE_STAT

/*
 * Log-linear: every power of two in 16 equal bins, so that a bin is at most 1/16 of its lower bound wide. Below 32 ns a
 * bin is one nanosecond; the last holds all from 2^40 ns (18 minutes) on.
 */
#define WP_STAT_SUBBITS 4
#define WP_STAT_LARGEST 40
#define WP_STAT_BINS ((WP_STAT_LARGEST - WP_STAT_SUBBITS + 1) * 16 + 1)

/* Number of the highest bit set; BPF has no instruction for it. */
static inline wp_u32 wp_stat_top(wp_u64 ns)
{
	wp_u32 top = 0, step;

	for (step = 32; step; step >>= 1) {
		if (ns >> step) {
			ns >>= step;
			top += step;
		}
	}
	return top;
}

static inline wp_u32 wp_stat_bin(wp_u64 ns)
{
	wp_u32 top;

	if (ns < 16)
		return (wp_u32)ns;
	top = wp_stat_top(ns);
	if (top >= WP_STAT_LARGEST)
		return WP_STAT_BINS - 1;
	return ((top - WP_STAT_SUBBITS + 1) << WP_STAT_SUBBITS) + ((wp_u32)(ns >> (top - WP_STAT_SUBBITS)) & 15U);
}

/* The least value of a bin, ns. */
static inline wp_u64 wp_stat_least(wp_u32 bin)
{
	wp_u32 top = bin >> WP_STAT_SUBBITS;

	return top < 2 ? bin : (wp_u64)(16U + (bin & 15U)) << (top - 1);
}

/* Of one CPU; written by its own programs only, each member by one of them. */
struct wp_stat_counts {
	wp_u64 deliveries; /* data made readable */
	wp_u64 reads;      /* receives that took data */
	wp_u64 untracked;  /* of these, receives whose delivery was not seen: begun before, or too many unread */
	wp_u64 forgotten;  /* deliveries given up for later ones: too many unread on one socket */
	wp_u64 bins[WP_STAT_count][WP_STAT_BINS];
};

#endif
