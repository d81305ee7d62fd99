// SPDX-License-Identifier: GPL-2.0-or-later
/* What io_uring sends for a task. What it receives passes socket__recv_length like every receive. */
#include "sock.bpf.h"

/* A send that no system call of the task asked for. Attached only once io_uring is seen to receive for a target. */
SEC("tp_btf/sock_send_length")
int BPF_PROG(socket__send_length, struct sock *sk, int ret, int flags)
{
	struct cpu_state *c = enter(WP_HOOK_socket__send_length);
	struct wp_send_call *e;
	struct task_state *t;

	if (!c || current_unwatched(c, WP_HOOK_socket__send_length))
		return 0;
	t = current_task_of();
	if (!t || call_info(call_number(bpf_get_current_task_btf()))->call_class == WP_CALL_SEND) {
		count(c, WP_HOOK_socket__send_length, WP_FILTERED);
		return 0;
	}
	if (signals.sample > 1 && t->passed_over == sk->__sk_common.skc_cookie.counter) {
		t->xmit_ns = 0;
		t->segments = 0;
		count(c, WP_HOOK_socket__send_length, WP_NOTED);
		return 0;
	}
	e = BEGIN(c, WP_HOOK_socket__send_length, send_call);
	if (!e)
		return 0;
	e->start_ns = t->start_ns;
	e->cookie = sk->__sk_common.skc_cookie.counter;
	e->ret = ret;
	e->tid = t->tid;
	e->pid = t->pid;
	e->fd = -1;
	if (t->xmit_sk == (u64)sk) {
		e->xmit_ns = t->xmit_ns;
		e->xmit_ifindex = t->xmit_ns ? t->xmit_ifindex : 0;
		e->segments = t->xmit_ns ? t->segments : 0;
	}
	e->file_kind = WP_FILE_socket;
	e->msg_flags = flags;
	e->flags = WP_SEND_BY_RING;
	t->xmit_ns = 0;
	t->segments = 0;
	end_record(c, WP_HOOK_socket__send_length, e);
	return 0;
}
