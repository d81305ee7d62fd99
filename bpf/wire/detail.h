/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much is recorded, and the event that says so. Part of events.h. */
#ifndef WP_WIRE_DETAIL_H
#define WP_WIRE_DETAIL_H

/* clang-format off */

/* What is recorded, from most to least. */
#define WP_DETAILS(X)                                                                              \
	X(0, timeline, "paths, and what every CPU did meanwhile")                                  \
	X(1, path,     "paths with all their stages")                                              \
	X(2, light,    "no system calls: paths end where their data was copied")

/* Why that changed. */
#define WP_DETAIL_WHYS(X)                                                                          \
	X(0, asked,  "it was asked for")                                                           \
	X(1, over,   "recording took more CPU time than it may")                                   \
	X(2, under,  "recording took far less CPU time than it may")

#define WP_FIELDS_detail(F)                                                                        \
	F(wp_u64, begin_ns, "when the change began; the record's own time is when it was complete") \
	F(wp_u32, from, "WP_DETAILS before; in the first record of a recording the same as `to`")  \
	F(wp_u32, to, "WP_DETAILS from now on")                                                    \
	F(wp_u32, sample, "requests of which one is recorded, 1: all are")                         \
	F(wp_u32, why, "WP_DETAIL_WHYS")                                                           \
	F(wp_u32, used_ppm, "CPU time of the recorder and its programs since the change before, millionths of all CPUs' time; 0: not measured") \
	F(wp_u32, budget_ppm, "what it may be, 0: no limit")

/* clang-format on */

#define WP_DECLARE_DETAIL(number, name, doc) WP_DETAIL_##name = number,
enum wp_detail_level { WP_DETAILS(WP_DECLARE_DETAIL) };
#undef WP_DECLARE_DETAIL
#define WP_DECLARE_DETAIL_WHY(number, name, doc) WP_DETAIL_WHY_##name = number,
enum wp_detail_why { WP_DETAIL_WHYS(WP_DECLARE_DETAIL_WHY) };
#undef WP_DECLARE_DETAIL_WHY

#endif
