/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every hook, defined once: programs, the tables of doctor and of recordings, and docs/events.md come from these rows. */
#ifndef WP_WIRE_HOOKS_H
#define WP_WIRE_HOOKS_H

/* clang-format off */

/*
 * Hooks. H(number, program, "tracepoint", "stage it gives", "what is lost without it")
 */
#define WP_HOOKS(H)                                                                                \
	H(0, irq__entry, "irq_handler_entry", "irq", "the interrupt line behind a delivery")       \
	H(1, irq__exit, "irq_handler_exit", "irq", "where an interrupt ends: irq is not attributed") \
	H(2, irq__softirq_raise, "softirq_raise", "raise", "what raised the receive softirq: irq is inferred") \
	H(3, irq__softirq_entry, "softirq_entry", "softirq", "when and where the receive softirq ran") \
	H(4, irq__softirq_exit, "softirq_exit", "softirq", "where a softirq ends: wakes after it may be credited to it") \
	H(5, irq__timer_entry, "local_timer_entry", "waking", "wakes by timers may be credited to the softirq they interrupt") \
	H(6, irq__timer_exit, "local_timer_exit", "waking", "the same")                            \
	H(7, napi__gro_receive, "napi_gro_receive_entry", "driver", "driver stage of most NAPI drivers") \
	H(8, napi__gro_frags, "napi_gro_frags_entry", "driver", "driver stage of drivers that build frags") \
	H(9, napi__receive, "netif_receive_skb_entry", "driver", "driver stage of drivers without GRO") \
	H(10, napi__receive_list, "netif_receive_skb_list_entry", "driver", "driver stage of list-receiving drivers") \
	H(11, napi__netif_rx, "netif_rx_entry", "driver", "driver stage of drivers without NAPI, and of some virtual devices") \
	H(12, stack__receive, "netif_receive_skb", "stack", "the packet behind a delivery, and all its earlier stages") \
	H(13, stack__tcp_probe, "tcp_probe", "protocol", "protocol stage of TCP, and which packet a delivery came from") \
	H(14, socket__data_ready, "sk_data_ready", "queued", "deliveries: without it there are no paths") \
	H(15, socket__recv_length, "sock_recv_length", "copied", "which socket a read was of, and its bytes") \
	H(16, socket__copy_datagram, "skb_copy_datagram_iovec", "copied", "which packet a datagram came from: order is used instead") \
	H(17, socket__xmit, "net_dev_start_xmit", "xmit", "when a reply reached a device; driver stage of virtual devices") \
	H(18, socket__set_state, "inet_sock_set_state", "accept", "new TCP sockets, accept-queue time") \
	H(19, drop__kfree_skb, "kfree_skb", "drop", "dropped packets and their reason")            \
	H(20, drop__rcvqueue_full, "sock_rcvqueue_full", "drop", "drops for want of receive buffer") \
	H(21, sched__waking, "sched_waking", "waking", "what woke a task")                         \
	H(22, sched__wakeup, "sched_wakeup", "runnable", "when a woken task reached a run queue")  \
	H(23, sched__switch, "sched_switch", "running", "when a task ran, and who ran instead")    \
	H(24, syscall__enter, "sys_enter", "read", "system calls: no waits, reads or replies")     \
	H(25, syscall__exit, "sys_exit", "returned", "system calls: no waits, reads or replies")   \
	H(26, process__fork, "sched_process_fork", "lineage", "children of a watched task")        \
	H(27, process__exec, "sched_process_exec", "lineage", "new programs of a watched task")    \
	H(28, process__exit, "sched_process_exit", "lineage", "when a watched task ended")         \
	H(29, process__cgroup, "cgroup_attach_task", "lineage", "tasks that move into a watched cgroup") \
	H(30, process__rename, "task_rename", "lineage", "names that threads give themselves")     \
	H(31, start__tasks, "iter/task", "start", "tasks older than the recording")                \
	H(32, start__sockets, "iter/task_file", "start", "sockets older than the recording")       \
	H(33, usage__tasks, "iter/task", "usage", "run time of tasks that never leave their CPU")        \
	H(34, timeline__irq_exit, "irq_handler_exit", "timeline", "interrupts in the timeline")    \
	H(35, timeline__softirq_entry, "softirq_entry", "timeline", "where softirqs begin in the timeline") \
	H(36, timeline__softirq_exit, "softirq_exit", "timeline", "softirqs in the timeline")      \
	H(37, timeline__timer_entry, "local_timer_entry", "timeline", "where timer interrupts begin in the timeline") \
	H(38, timeline__timer_exit, "local_timer_exit", "timeline", "timer interrupts in the timeline") \
	H(39, timeline__napi_poll, "napi_poll", "timeline", "NAPI polls in the timeline")          \
	H(40, timeline__switch, "sched_switch", "timeline", "other tasks in the timeline")         \
	H(41, socket__send_length, "sock_send_length", "reply", "what io_uring sent")              \
	H(42, process__signal_sent, "signal_generate", "lineage", "signals, as the cause of a wake") \
	H(43, process__signal_taken, "signal_deliver", "lineage", "when a signal was taken, and how")

/* clang-format on */

#endif
