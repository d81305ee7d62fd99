// SPDX-License-Identifier: GPL-2.0-or-later
/* TCP sockets come to be, change state, and lose packets. */
#include "sock.bpf.h"

/* Should this socket be watched because of the task that opens it, or its port? Then why. */
static __always_inline u32 reason_to_watch(struct cpu_state *c, const struct sock *sk, int to)
{
	bool opening = to == TCP_LISTEN || to == TCP_SYN_SENT; /* both only ever in the opener's own context */

	if (config.port)
		return sk->__sk_common.skc_num == config.port ? WP_WHY_port : WP_WHY_start;
	if (config.everything)
		return WP_WHY_all;
	if (opening && who_is_here(c) == WHO_WATCHED)
		return to == TCP_LISTEN ? WP_WHY_listen : WP_WHY_connect;
	return WP_WHY_start;
}

/* --port: whoever listens on it is a target, with all its threads. */
static __always_inline void watch_listener(struct cpu_state *c)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u32 pid = task->tgid;

	if (pid == config.self_pid)
		return;
	add_target(c, WP_HOOK_socket__set_state, pid, WP_WHY_port);
	settle(c, task, watch_task(c, WP_HOOK_socket__set_state, task, WP_WHY_port));
	signals.rescan = 1;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(socket__set_state, struct sock *sk, int from, int to)
{
	struct cpu_state *c = enter(WP_HOOK_socket__set_state);
	struct wp_sock_state *e;
	struct sock_state *s;
	bool by_watched;
	u32 why;

	if (!c)
		return 0;
	if (to == TCP_SYN_RECV) { /* a child is being cloned: its sequence numbers are still the listener's */
		count(c, WP_HOOK_socket__set_state, WP_NOTED);
		return 0;
	}
	s = state_of_sock(sk);
	why = reason_to_watch(c, sk, to);
	if (s ? s->cookie != sk->__sk_common.skc_cookie.counter : is_child_at_address(sk))
		s = watch_socket(c, WP_HOOK_socket__set_state, sk, WP_WHY_passive, 0, false);
	else if (!s && why != WP_WHY_start && sk->sk_protocol == IPPROTO_TCP)
		s = watch_socket(c, WP_HOOK_socket__set_state, sk, why, 0, false);
	if (!s) {
		count(c, WP_HOOK_socket__set_state, WP_FILTERED);
		return 0;
	}
	if (config.port && to == TCP_LISTEN)
		watch_listener(c);
	if (to == TCP_ESTABLISHED && from == TCP_SYN_SENT) {
		/* a client's stream starts here: what was known of its numbers was none */
		s->base = KREAD(struct tcp_sock, sk, rcv_nxt);
		s->delivered = 0;
		s->consumed = 0;
		s->consumed_known = 1;
		announce_socket(s, 0, WP_WHY_connect, 0, WP_HOOK_socket__set_state); /* now with its port */
	}
	by_watched = context_level(c) == WP_LEVEL_task && who_is_here(c) == WHO_WATCHED;
	e = BEGIN(c, WP_HOOK_socket__set_state, sock_state);
	if (!e)
		return 0;
	e->cookie = s->cookie;
	e->from = from;
	e->to = to;
	if (by_watched) {
		e->tid = (u32)bpf_get_current_pid_tgid();
		e->pid = bpf_get_current_pid_tgid() >> 32;
	}
	end_record(c, WP_HOOK_socket__set_state, e);
	return 0;
}

static __always_inline int dropped(struct cpu_state *c, u32 hook, struct sock *sk, u32 len, u64 location, u32 reason)
{
	struct sock_state *s = sk ? state_of_sock(sk) : NULL;
	struct wp_drop *e;

	if (!s) {
		count(c, hook, WP_FILTERED);
		return 0;
	}
	e = BEGIN(c, hook, drop);
	if (!e)
		return 0;
	e->cookie = s->cookie;
	e->location = location;
	e->reason = reason;
	e->len = len;
	e->hook = hook;
	end_record(c, hook, e);
	return 0;
}

SEC("tp_btf/kfree_skb")
int drop__kfree_skb(u64 *ctx)
{
	struct cpu_state *c = enter(WP_HOOK_drop__kfree_skb);
	struct sk_buff *skb = (void *)ctx[0];
	struct sock *sk;

	if (!c)
		return 0;
	sk = config.kfree_sk_arg ? (void *)ctx[3] : NULL;
	if (!sk)
		sk = skb->sk;
	return dropped(c, WP_HOOK_drop__kfree_skb, sk, skb->len, ctx[1], (u32)ctx[2]);
}

SEC("tp_btf/sock_rcvqueue_full")
int BPF_PROG(drop__rcvqueue_full, struct sock *sk, struct sk_buff *skb)
{
	struct cpu_state *c = enter(WP_HOOK_drop__rcvqueue_full);

	return c ? dropped(c, WP_HOOK_drop__rcvqueue_full, sk, skb->len, 0, 0) : 0;
}
