/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which sockets are watched, who they are, and offsets in their streams. */
#ifndef WP_SOCK_BPF_H
#define WP_SOCK_BPF_H

#include "filter.bpf.h"

static __always_inline u8 sock_kind(const struct sock *sk, const bool by_kprobe)
{
	u16 family = SK(sk, __sk_common.skc_family);

	if (family == AF_UNIX)
		return SK(sk, sk_type) == SOCK_STREAM ? KIND_UNIX_STREAM : KIND_DATAGRAM;
	if (family != AF_INET && family != AF_INET6)
		return KIND_OTHER;
	if (SK(sk, sk_type) == SOCK_STREAM)
		return SK(sk, sk_protocol) == IPPROTO_TCP ? KIND_TCP : KIND_OTHER;
	return SK(sk, sk_type) == SOCK_DGRAM ? KIND_DATAGRAM : KIND_OTHER;
}

/* Stream offset of a 32-bit sequence number, by the last offset known (less than 2 GiB away). */
static __always_inline u64 stream_offset(const struct sock_state *s, u32 seq)
{
	u64 known = s->delivered;

	return known + (s64)(s32)((seq - s->base) - (u32)known);
}

/* From now on what comes to this port by a virtual device is noted. */
static __always_inline void expect_packets(u16 port)
{
	wp_u64 *word = &watched_ports[port / 64 & (PORT_WORDS - 1)], bit = 1ULL << (port & 63);

	if (!(*word & bit)) /* every CPU reads this line all the time */
		__sync_fetch_and_or(word, bit);
}

/* What the socket at s->address is. A global function: the verifier goes through it once for each program. */
__noinline int announce_socket(struct sock_state *s, u64 readable, u32 why, u32 tid, u32 hook)
{
	struct cpu_state *c = this_cpu();
	struct sock_common *common;
	struct wp_socket *e;
	struct sock *sk;

	if (!c || !s || hook >= WP_HOOK_count)
		return 0;
	sk = (void *)s->address;
	common = (void *)sk; /* its first member */
	expect_packets(KREAD(struct sock_common, common, skc_num));
	e = BEGIN_FURTHER(c, hook, socket);
	if (!e)
		return 0;
	e->cookie = s->cookie;
	e->listener = s->listener;
	e->readable = readable;
	e->received = s->delivered;
	e->family = KREAD(struct sock_common, common, skc_family);
	if (e->family == AF_INET) {
		*(u32 *)e->local.b = KREAD(struct sock_common, common, skc_rcv_saddr);
		*(u32 *)e->peer.b = KREAD(struct sock_common, common, skc_daddr);
	} else if (e->family == AF_INET6) {
		BPF_CORE_READ_INTO(&e->local, common, skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&e->peer, common, skc_v6_daddr);
	}
	if (e->family != AF_UNIX) {
		e->local_port = KREAD(struct sock_common, common, skc_num);
		e->peer_port = bpf_ntohs(KREAD(struct sock_common, common, skc_dport));
	}
	e->netns = KREAD(struct net, KREAD(struct sock_common, common, skc_net.net), ns.inum);
	e->tid = tid;
	e->protocol = KREAD(struct sock, sk, sk_protocol);
	e->type = KREAD(struct sock, sk, sk_type);
	e->state = KREAD(struct sock_common, common, skc_state);
	e->why = why;
	end_record(c, hook, e);
	return 0;
}

/* Room for what is known of a socket, found by its address; as if cloned from the listener where that has been. */
static __always_inline struct sock_state *new_state_at_address(struct sock *sk, u64 cookie, const bool by_kprobe)
{
	struct sock_state *s = state_at_address(sk), *cloned;
	u64 key = (u64)sk;

	if (s)
		return s;
	bpf_map_update_elem(&socks_by_address, &key, (const void *)no_sock_state, BPF_ANY);
	s = bpf_map_lookup_elem(&socks_by_address, &key);
	if (by_kprobe || !s)
		return s;
	cloned = bpf_sk_storage_get(&socks, sk, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE); /* only for its cookie */
	if (cloned) {
		s->cookie = cloned->cookie;
		cloned->cookie = cookie;
	}
	return s;
}

static __always_inline struct sock_state *new_state_of_sock(struct sock *sk, u64 cookie, const bool by_kprobe)
{
	if (by_kprobe || config.by_address)
		return new_state_at_address(sk, cookie, by_kprobe);
	return bpf_sk_storage_get(&socks, sk, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
}

/* Has the kernel made this socket for a watched listener? Its state is not looked up by address yet. */
static __always_inline bool is_child_at_address(struct sock *sk)
{
	struct sock_state *cloned = config.by_address ? bpf_sk_storage_get(&socks, sk, NULL, 0) : NULL;

	return cloned && cloned->cookie != sk->__sk_common.skc_cookie.counter;
}

/*
 * The number that tells sockets apart. A program on a kprobe can't give one: a socket without comes to be watched when
 * the iterators find it.
 */
static __always_inline u64 cookie_of(struct sock *sk, const bool by_kprobe)
{
	u64 cookie;

	if (!by_kprobe)
		return bpf_get_socket_cookie(sk);
	cookie = KREAD(struct sock, sk, __sk_common.skc_cookie.counter);
	if (!cookie)
		signals.rescan = 1;
	return cookie;
}

/*
 * Watch a socket from now on, and say who it is. in_delivery: called while its newest data is being
 * made readable, which is then not yet counted as delivered.
 */
static __always_inline struct sock_state *watch_socket_by(struct cpu_state *c, u32 hook, struct sock *sk, u32 why,
							  u32 tid, bool in_delivery, const bool by_kprobe)
{
	u64 cookie = cookie_of(sk, by_kprobe), readable = 0;
	struct sock_state *s;

	if ((by_kprobe && !cookie) || sock_kind(sk, by_kprobe) == KIND_OTHER)
		return NULL;
	s = new_state_of_sock(sk, cookie, by_kprobe);
	if (!s) {
		count(c, hook, WP_FIRED);
		count(c, hook, WP_MAP_FULL);
		return NULL;
	}
	if (s->cookie == cookie)
		return s;
	s->listener = s->cookie; /* cloned from the listener, or 0 */
	s->cookie = cookie;
	s->protocol_skb = 0;
	s->protocol_ns = 0;
	s->delivered = 0;
	s->consumed = 0;
	s->consumed_known = 0;
	s->kind = sock_kind(sk, by_kprobe);
	if (s->kind == KIND_TCP && SK(sk, __sk_common.skc_state) != TCP_LISTEN) {
		struct tcp_sock *tp = (struct tcp_sock *)sk;
		u32 rcv_nxt = KREAD(struct tcp_sock, tp, rcv_nxt);

		s->delivered = KREAD(struct tcp_sock, tp, bytes_received);
		s->base = rcv_nxt - (u32)s->delivered;
		readable = stream_offset(s, KREAD(struct tcp_sock, tp, copied_seq));
		s->consumed = readable;
		s->consumed_known = 1;
		if (in_delivery)
			s->delivered = readable;
	} else if (s->kind == KIND_DATAGRAM) {
		u32 waiting = SK(sk, sk_receive_queue.qlen);

		if (in_delivery && waiting)
			waiting--;
		s->delivered = waiting;
		signals.datagrams = 1;
	} else if (s->kind == KIND_UNIX_STREAM && !in_delivery && bpf_core_field_exists(struct unix_sock, inq_len)) {
		s->delivered = KREAD(struct unix_sock, sk, inq_len); /* offset 0 is the first unread byte */
	}
	s->address = (u64)sk;
	announce_socket(s, readable, why, tid, hook);
	return s;
}

static __always_inline struct sock_state *watch_socket(struct cpu_state *c, u32 hook, struct sock *sk, u32 why, u32 tid,
						       bool in_delivery)
{
	return watch_socket_by(c, hook, sk, why, tid, in_delivery, false);
}

/* Is it one that a watched task made but no hook has shown us? */
static __always_inline bool is_newborn(const struct sock *sk, const bool by_kprobe)
{
	u64 key = (u64)sk;
	u64 *inode = bpf_map_lookup_elem(&newborn, &key);
	struct socket *socket;
	struct file *file;

	if (!inode)
		return false;
	socket = SK(sk, sk_socket);
	if (by_kprobe)
		file = KREAD(struct socket, socket, file);
	else
		file = socket ? socket->file : NULL;
	return file && KREAD(struct inode, KREAD(struct file, file, f_inode), i_ino) == *inode;
}

/* The state of a watched socket, NULL if nobody asked about it. */
static __always_inline struct sock_state *sock_of_by(struct cpu_state *c, u32 hook, struct sock *sk, bool in_delivery,
						     const bool by_kprobe)
{
	struct sock_state *s = by_kprobe ? state_at_address(sk) : state_of_sock(sk);
	u32 why;

	if (s && (by_kprobe || s->cookie == sk->__sk_common.skc_cookie.counter))
		return s;
	if (s) /* cloned from a watched listener */
		why = WP_WHY_passive;
	else if (config.everything)
		why = WP_WHY_all;
	else if (config.port && SK(sk, __sk_common.skc_num) == config.port)
		why = WP_WHY_port;
	else if (signals.newborn_any && is_newborn(sk, by_kprobe))
		why = WP_WHY_created;
	else
		return NULL;
	barrier_var(why); /* one way on for the verifier, not one for each reason */
	return watch_socket_by(c, hook, sk, why, 0, in_delivery, by_kprobe);
}

static __always_inline struct sock_state *sock_of(struct cpu_state *c, u32 hook, struct sock *sk, bool in_delivery)
{
	return sock_of_by(c, hook, sk, in_delivery, false);
}

/* What a descriptor leads to. */
struct described {
	u64 sk; /* address of the struct sock, for reading only; 0: it is no socket */
	u64 inode;
};

/* What a descriptor of the current task is: WP_FILE_*. A global function: the verifier goes through it once. */
__noinline u32 descriptor(s32 fd, struct described *d)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fdtable *table = task->files->fdt;
	struct file **slots = KREAD(struct fdtable, table, fd);
	struct inode *inode;
	struct file *file;
	u16 mode;

	if (!d)
		return WP_FILE_unknown;
	d->sk = 0;
	d->inode = 0;
	if (fd < 0 || (u32)fd >= KREAD(struct fdtable, table, max_fds))
		return WP_FILE_unknown;
	/* a slot is a pointer, as the first member of a list head is: a type to load it by, without a helper call */
	file = (struct file *)KREAD(struct list_head, slots + fd, next);
	if (!file)
		return WP_FILE_unknown;
	inode = KREAD(struct file, file, f_inode);
	mode = KREAD(struct inode, inode, i_mode);
	d->inode = KREAD(struct inode, inode, i_ino);
	if ((mode & S_IFMT) == S_IFIFO)
		return WP_FILE_pipe;
	if ((mode & S_IFMT) != S_IFSOCK)
		return WP_FILE_other;
	d->sk = (u64)KREAD(struct socket, KREAD(struct file, file, private_data), sk);
	return WP_FILE_socket;
}

/*
 * One past the last byte in a Unix stream's queue: what was read, and what the kernel counts as queued
 * (before it counted that: the packet the sender has put at the tail). A reader
 * on another CPU may be between the two numbers: then the next delivery covers the rest.
 */
static __always_inline u64 unix_stream_end(const struct sock_state *s, const struct sock *sk)
{
	const void *queue = (const void *)sk + bpf_core_field_offset(struct sock, sk_receive_queue);
	const void *tail = KREAD(struct sock, sk, sk_receive_queue.prev);
	u64 end = s->delivered;

	if (bpf_core_field_exists(struct unix_sock, inq_len))
		end = s->consumed + KREAD(struct unix_sock, sk, inq_len);
	else if (tail != queue)
		end += KREAD(struct sk_buff, tail, len);
	return end > s->delivered ? end : s->delivered;
}

/* A delivery without a record: the next must not claim these bytes as its own. */
static __always_inline void pass_over(struct sock_state *s, const struct sock *sk, const bool by_kprobe)
{
	s->protocol_skb = 0;
	if (s->kind == KIND_TCP && SK(sk, __sk_common.skc_state) != TCP_LISTEN)
		s->delivered = stream_offset(s, KREAD(struct tcp_sock, sk, rcv_nxt));
	else if (s->kind == KIND_DATAGRAM)
		__sync_fetch_and_add(&s->delivered, 1);
	else if (s->kind == KIND_UNIX_STREAM && signals.sample > 1)
		s->delivered = unix_stream_end(s, sk);
}

/* One of signals.sample: by the same hash of a socket and a place in its stream on every look. */
static __always_inline bool in_sample(u64 cookie, u64 place)
{
	u64 hash = (cookie ^ place * 0x9e3779b97f4a7c15ULL) * 0xff51afd7ed558ccdULL;

	return (u32)(hash >> 33) % signals.sample == 0;
}

/*
 * Is what this delivery brings part of a request that is recorded? A datagram is one by itself. Of a stream a request
 * is what comes until the reader has read everything: while data is unread, what follows goes the same way, so that
 * whoever reads it takes all or nothing of the sample.
 */
static __always_inline bool sampled_delivery(struct sock_state *s)
{
	if (s->kind == KIND_DATAGRAM)
		return in_sample(s->cookie, s->delivered);
	if (s->delivered == s->consumed)
		s->sampled = in_sample(s->cookie, s->delivered);
	return s->sampled;
}

/* What a receive was; a socket's part is there only where a socket hook has seen it. */
static __always_inline void fill_read(struct wp_read_call *e, const struct task_state *t, s64 ret, u8 file_kind, s32 fd,
				      u32 nr, bool slept)
{
	e->start_ns = t->start_ns;
	e->enter_ns = t->enter_ns;
	e->ret = ret;
	e->tid = t->tid;
	e->pid = t->pid;
	e->fd = fd;
	e->nr = nr;
	e->file_kind = file_kind;
	e->flags = slept ? WP_READ_SLEPT : 0;
	if (!t->copied_ns)
		return;
	e->copied_ns = t->copied_ns;
	e->cookie = t->cookie;
	e->begin = t->begin;
	e->end = t->end;
	e->skb = t->skb;
	e->msg_flags = t->msg_flags;
	e->unread = t->unread;
	e->flags |= t->read_flags;
}

/* Returns of calls are not watched: this is all that will be seen of the read. Whether it slept is not known. */
static __always_inline int copied_to_reader(struct cpu_state *c, struct task_state *t, int ret, s32 fd, u32 nr)
{
	struct wp_read_call *e;

	if (ret < 0) { /* it found nothing */
		t->empty_reads++;
		count(c, WP_HOOK_socket__recv_length, WP_NOTED);
		goto forget;
	}
	e = BEGIN(c, WP_HOOK_socket__recv_length, read_call);
	if (!e)
		goto forget;
	t->copied_ns = e->h.ts_ns; /* one instant, told once */
	fill_read(e, t, ret, WP_FILE_socket, fd, nr, false);
	e->enter_ns = 0;
	e->flags |= WP_READ_LIGHT;
	end_record(c, WP_HOOK_socket__recv_length, e);
forget:
	t->copied_ns = 0;
	return 0;
}

#endif
