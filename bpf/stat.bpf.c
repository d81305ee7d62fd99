// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `wakepath stat`: how long requests take, added up where they happen. In place of the programs that make records, on
 * four hooks, with no record, no ring and no collector that has to keep up.
 *
 * A delivery leaves its time with its socket and its CPU, a task when it went to sleep, was woken and ran, and by which
 * delivery; the read finds it all. A wake is a delivery's if it comes next on its CPU, before another task runs there:
 * sk_data_ready() wakes the wait queue itself. Only a watched task that was interrupted by the delivery may make other
 * wakes after it, so then the wait queue is asked, too.
 */
#include "witness.bpf.h"

static __always_inline struct wp_stat_counts *stat_counts(void)
{
	u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&stats, &cpu);
}

/* A global function: the verifier goes through it once. */
__noinline int add_up(u32 stage, u64 ns)
{
	struct wp_stat_counts *n = stat_counts();
	u32 bin = wp_stat_bin(ns);

	if (n && stage < WP_STAT_count && bin < WP_STAT_BINS) /* for the verifier */
		n->bins[stage][bin]++;
	return 0;
}

/* What is kept of a watched socket; NULL: nobody asked about it. */
static __always_inline struct stat_sock *stat_sock_of(struct cpu_state *c, u32 hook, struct sock *sk, bool in_delivery,
						      bool create)
{
	struct stat_sock *q = NULL;
	struct sock_state *s;

	if (!bpf_core_field_exists(sk->sk_bpf_storage) || sk->sk_bpf_storage)
		q = bpf_sk_storage_get(&stat_socks, sk, NULL, 0);
	if (q)
		return q;
	s = create ? watch_socket(c, hook, sk, WP_WHY_used, 0, in_delivery) : sock_of(c, hook, sk, in_delivery);
	if (!s || sk->__sk_common.skc_state == TCP_LISTEN)
		return NULL;
	q = bpf_sk_storage_get(&stat_socks, sk, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!q) {
		count(c, hook, WP_FIRED);
		count(c, hook, WP_MAP_FULL);
		return NULL;
	}
	q->kind = s->kind;
	q->delivered = s->kind == KIND_TCP ? KREAD(struct tcp_sock, sk, copied_seq) : (u32)s->delivered;
	q->consumed = (u32)s->consumed;
	return q;
}

/* One past the last unit readable: a sequence number, an ordinal, or an offset; modulo 2^32. */
static __always_inline u32 readable_end(struct stat_sock *q, const struct sock *sk)
{
	u32 end;

	if (q->kind == KIND_TCP) {
		end = KREAD(struct tcp_sock, sk, rcv_nxt);
		return sk->sk_shutdown & RCV_SHUTDOWN ? end - 1 : end; /* a FIN takes a number but is no data */
	}
	if (q->kind == KIND_DATAGRAM)
		return q->delivered + 1;
	if (bpf_core_field_exists(struct unix_sock, inq_len))
		return q->consumed + KREAD(struct unix_sock, sk, inq_len);
	return q->delivered + KREAD(struct sk_buff, sk->sk_receive_queue.prev, len);
}

/* The task behind the first entry of the socket's wait queue, 0: none. */
static __always_inline u32 waiter_on(const struct sock *sk)
{
	struct socket_wq *wq = sk->sk_wq;
	struct list_head *head, *at;
	struct witness w = {};

	if (!wq)
		return 0;
	head = (void *)wq + bpf_core_field_offset(struct socket_wq, wait) +
	       bpf_core_field_offset(struct wait_queue_head, head);
	at = KREAD(struct list_head, head, next);
	if (!at || at == head)
		return 0;
	w.at = (u64)at - bpf_core_field_offset(struct wait_queue_entry, entry);
	testify(&w);
	return w.tid;
}

SEC("tp_btf/sk_data_ready")
int BPF_PROG(stat__data_ready, struct sock *sk)
{
	struct cpu_state *c = enter(WP_HOOK_socket__data_ready);
	struct wp_stat_counts *n = stat_counts();
	struct stat_delivery *d;
	struct stat_sock *q;
	u32 end, at;
	u64 now;

	if (!c || !n)
		return 0;
	c->ready_ns = 0;
	q = stat_sock_of(c, WP_HOOK_socket__data_ready, sk, true, false);
	if (!q) {
		count(c, WP_HOOK_socket__data_ready, WP_FILTERED);
		return 0;
	}
	now = bpf_ktime_get_ns();
	end = readable_end(q, sk);
	count(c, WP_HOOK_socket__data_ready, WP_NOTED);
	if ((s32)(end - q->delivered) <= 0)
		return 0;
	q->delivered = end;
	at = __sync_fetch_and_add(&q->head, 1);
	d = &q->unread[at & (STAT_UNREAD - 1)];
	n->deliveries++;
	n->forgotten += d->ready_ns != 0;
	d->end = end;
	d->ready_ns = now;
	if (who_is_here(c) == WHO_WATCHED) {
		c->ready_waiter = waiter_on(sk);
		c->ready_ns = c->ready_waiter ? now : 0;
	} else {
		c->ready_waiter = 0;
		c->ready_ns = now;
	}
	return 0;
}

/* The stages of one delivery that this read took; false: it was noted after the read, on another CPU. */
static __always_inline bool add_path(const struct task_state *t, const struct stat_delivery *d, u64 now)
{
	if (now <= d->ready_ns)
		return false;
	add_up(WP_STAT_total, now - d->ready_ns);
	if (t->woken_by_ns != d->ready_ns || t->on_ns < t->waking_ns)
		return true; /* it was woken by something else, or had not slept yet */
	add_up(WP_STAT_waking, t->waking_ns - d->ready_ns);
	add_up(WP_STAT_running, t->on_ns - t->waking_ns);
	add_up(WP_STAT_read, now - t->on_ns);
	return true;
}

/* Units consumed: [*from, *to) of what readable_end() counts. */
static __always_inline void consumed_range(struct stat_sock *q, const struct sock *sk, int ret, u32 *from, u32 *to)
{
	u32 units = q->kind == KIND_DATAGRAM ? ret >= 0 : ret > 0 ? ret : 0;

	if (q->kind == KIND_TCP) {
		*to = KREAD(struct tcp_sock, sk, copied_seq);
		if (units && (sk->sk_shutdown & RCV_SHUTDOWN) && *to == KREAD(struct tcp_sock, sk, rcv_nxt))
			(*to)--; /* it passed the FIN */
		*from = *to - units;
		return;
	}
	*from = __sync_fetch_and_add(&q->consumed, units);
	*to = *from + units;
}

static __always_inline void take(struct wp_stat_counts *n, struct stat_sock *q, const struct task_state *t, u32 from,
				 u32 to, u64 now)
{
	u32 at = q->tail, head = q->head, found = 0;
	struct stat_delivery *d;
	int i;

	if (head - at > STAT_UNREAD)
		at = head - STAT_UNREAD;
	for (i = 0; i < STAT_UNREAD && at != head; i++) {
		d = &q->unread[at & (STAT_UNREAD - 1)];
		if (!d->ready_ns)
			break; /* being written */
		if ((s32)(d->end - from) > 0) {
			found += add_path(t, d, now);
			if ((s32)(d->end - to) > 0)
				break; /* a part of it stays */
			from = d->end;
		}
		d->ready_ns = 0;
		at++;
		if (from == to)
			break;
	}
	q->tail = at;
	n->reads++;
	n->untracked += !found;
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(stat__recv_length, struct sock *sk, int ret, int flags)
{
	struct cpu_state *c = enter(WP_HOOK_socket__recv_length);
	struct wp_stat_counts *n = stat_counts();
	struct task_state *t;
	struct stat_sock *q;
	u32 from, to;

	if (!c || !n || current_unwatched(c, WP_HOOK_socket__recv_length))
		return 0;
	t = current_task_of();
	q = t && !(flags & (MSG_PEEK | MSG_OOB)) && (!config.port || sk->__sk_common.skc_num == config.port)
		    ? stat_sock_of(c, WP_HOOK_socket__recv_length, sk, false, true)
		    : NULL;
	if (!q || !t) {
		count(c, WP_HOOK_socket__recv_length, WP_FILTERED);
		return 0;
	}
	consumed_range(q, sk, ret, &from, &to);
	if (from != to)
		take(n, q, t, from, to, bpf_ktime_get_ns());
	count(c, WP_HOOK_socket__recv_length, WP_NOTED);
	return 0;
}

SEC("tp_btf/sched_waking")
int BPF_PROG(stat__waking, struct task_struct *p)
{
	struct cpu_state *c = this_cpu();
	struct task_state *t;

	if (!c)
		return 0;
	t = task_of(c, WP_HOOK_sched__waking, p);
	if (!t) {
		count(c, WP_HOOK_sched__waking, p->tgid == config.self_pid ? WP_SELF : WP_FILTERED);
		return 0;
	}
	t->woken_by_ns = !c->ready_waiter || c->ready_waiter == (u32)p->pid ? c->ready_ns : 0;
	t->waking_ns = bpf_ktime_get_ns(); /* try_to_wake_up() is silent of one that is awake, so this ended a sleep */
	count(c, WP_HOOK_sched__waking, WP_NOTED);
	return 0;
}

SEC("tp_btf/sched_switch")
int stat__switch(u64 *ctx)
{
	struct cpu_state *c = this_cpu();
	struct task_struct *prev = (void *)ctx[1], *next = (void *)ctx[2];
	struct task_state *t;
	u32 state;

	if (!c)
		return 0;
	c->ready_ns = 0;
	if (c->tid != (u32)prev->pid || c->who == WHO_WATCHED) {
		state = ctx[0] ? 0 : config.switch_state_arg ? (u32)ctx[3] : prev->__state;
		t = state & 0xff ? state_of_task(prev) : NULL;
		if (t)
			t->off_ns = bpf_ktime_get_ns();
	}
	t = next->flags & PF_KTHREAD ? NULL : task_of(c, WP_HOOK_sched__switch, next);
	settle(c, next, t);
	/* It runs for the first time since it went to sleep. To ask for its wake instead would take a switch after a
	 * preemption for it, and miss the wake of a task that was still on its way off the CPU. */
	if (t && t->on_ns <= t->off_ns)
		t->on_ns = bpf_ktime_get_ns();
	count(c, WP_HOOK_sched__switch, t ? WP_NOTED : c->who == WHO_SELF ? WP_SELF : WP_FILTERED);
	return 0;
}
