/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a packet came from its card to the stack: the words of a delivery's softirq_how, irq_over and driver_hook. */
#ifndef WP_WIRE_ARRIVAL_H
#define WP_WIRE_ARRIVAL_H

/* clang-format off */

/* What ran the receive softirq. */
#define WP_SOFTIRQ_HOWS(X)                                                                         \
	X(0, none,      "no receive softirq was seen")                                             \
	X(1, irq_exit,  "after the hardware interrupt that raised it")                             \
	X(2, ksoftirqd, "the ksoftirqd thread")                                                    \
	X(3, inline,    "inside the context of the task that raised it, such as a sender's system call") \
	X(4, napi_thread, "a NAPI thread: no softirq. irq_ns is the interrupt that woke it, raise_ns that wake, softirq_ns none") \
	X(5, busy_poll, "a task polled the card inside a system call: no softirq, and no interrupt needed") \
	X(6, writer,    "the task that wrote the packet into a TUN or TAP device: no softirq") \
	X(7, irq_thread, "the thread of the interrupt's handler, where handlers are forced into threads") \
	X(8, timer, "after the interrupt of a timer, NAPI's own: it polls a card whose interrupt is kept off (gro_flush_timeout)")

/* What an interrupt landed on. */
#define WP_IRQ_OVERS(X)                                                                            \
	X(0, unknown, "could not be read")                                                         \
	X(1, idle,    "the idle task")                                                             \
	X(2, user,    "user code")                                                                 \
	X(3, kernel,  "kernel code")                                                               \
	X(4, task,    "a task, in user or kernel code")

#define WP_DRIVER_HOOKS(X)                                                                         \
	X(0, none,        "no driver hook was seen")                                               \
	X(1, gro_receive, "napi_gro_receive_entry")                                                \
	X(2, gro_frags,   "napi_gro_frags_entry")                                                  \
	X(3, receive,     "netif_receive_skb_entry")                                               \
	X(4, receive_list,"netif_receive_skb_list_entry")                                          \
	X(5, netif_rx,    "netif_rx_entry: a virtual device, or a driver without NAPI")            \
	X(6, xmit,        "net_dev_start_xmit on a virtual device: its sending side is its driver")

/* clang-format on */

#endif
