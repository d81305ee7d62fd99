// SPDX-License-Identifier: GPL-2.0-or-later
/* Data reaches a socket, leaves it to its reader, and the reply goes out. */
#include "arrival.bpf.h"
#include "witness.bpf.h"

/* Range and bytes unread, from the socket's own numbers. */
static __always_inline void measure_tcp(struct wp_delivery *d, struct sock_state *s, const struct sock *sk)
{
	u32 rcv_nxt = KREAD(struct tcp_sock, sk, rcv_nxt);
	u32 copied = KREAD(struct tcp_sock, sk, copied_seq);

	d->begin = s->delivered;
	d->end = stream_offset(s, rcv_nxt);
	d->unread = rcv_nxt - copied;
	if (KREAD(struct sock, sk, sk_shutdown) & RCV_SHUTDOWN) {
		d->flags |= WP_DELIVERY_FIN;
		if (d->unread)
			d->unread--;
	}
}

/* What it made readable. A global function: the verifier goes through it once. */
__noinline int measure(struct wp_delivery *d, struct sock_state *s)
{
	const struct sock *sk;

	if (!d || !s)
		return 0;
	sk = (void *)s->address;
	if (KREAD(struct sock, sk, __sk_common.skc_state) == TCP_LISTEN) {
		d->flags |= WP_DELIVERY_LISTENER;
		return 0;
	}
	if (s->kind == KIND_TCP) {
		measure_tcp(d, s, sk);
		s->delivered = d->end;
		return 0;
	}
	if (s->kind == KIND_UNIX_STREAM) {
		d->begin = s->delivered;
		d->end = unix_stream_end(s, sk);
		d->len = d->end - d->begin;
		s->delivered = d->end;
	} else {
		d->flags |= WP_DELIVERY_DATAGRAM;
		d->begin = __sync_fetch_and_add(&s->delivered, 1);
		d->end = d->begin + 1;
		if (KREAD(struct sock, sk, __sk_common.skc_family) == AF_UNIX) {
			struct sk_buff *tail = KREAD(struct sock, sk, sk_receive_queue.prev);

			d->skb = (u64)tail;
			d->len = KREAD(struct sk_buff, tail, len);
		}
	}
	d->unread = d->end - s->consumed;
	return 0;
}

/*
 * The context of a delivery, by who may deliver: a Unix socket's peer in its own call, for a TCP socket that
 * somebody holds its owner, from the backlog, as a softirq finds none held (tcp_v4_rcv). A listener is not locked.
 */
static __always_inline u32 delivery_level(const struct sock *sk, const bool by_kprobe)
{
	if (SK(sk, __sk_common.skc_family) == AF_UNIX)
		return WP_LEVEL_task;
	return SK(sk, sk_lock.owned) && SK(sk, sk_protocol) == IPPROTO_TCP &&
			       SK(sk, __sk_common.skc_state) != TCP_LISTEN
		       ? WP_LEVEL_task
		       : WP_LEVEL_softirq;
}

/* In whose own call it is made. A global function: the verifier goes through it once. */
__noinline int note_sender(struct wp_delivery *d)
{
	struct cpu_state *c = this_cpu();
	u32 tid = (u32)bpf_get_current_pid_tgid();

	if (!c || !d)
		return 0;
	d->sender_tid = tid;
	c->delivery_tid = tid;
	c->delivery_call = signals.light ? call_key(bpf_get_current_task_btf()) : 0;
	return 0;
}

static __always_inline int made_readable(struct sock *sk, const bool by_kprobe)
{
	struct cpu_state *c = enter(WP_HOOK_socket__data_ready);
	u32 level, slot;
	struct sock_state *s;
	struct wp_delivery *d;

	if (!c)
		return 0;
	level = delivery_level(sk, by_kprobe);
	slot = level != WP_LEVEL_task;
	c->delivery[slot] = 0; /* whoever this socket belongs to, the delivery before it has ended */
	s = sock_of_by(c, WP_HOOK_socket__data_ready, sk, true, by_kprobe);
	if (!s) {
		if (SK(sk, __sk_common.skc_family) != AF_PACKET) /* a tap has a copy: the packet goes on */
			c->packets_in_hand = 0;
		count(c, WP_HOOK_socket__data_ready, WP_FILTERED);
		return 0;
	}
	if (signals.sample > 1 && SK(sk, __sk_common.skc_state) != TCP_LISTEN && !sampled_delivery(s)) {
		pass_over(s, sk, by_kprobe);
		c->packets_in_hand = 0;
		count(c, WP_HOOK_socket__data_ready, WP_NOTED);
		return 0;
	}
	d = BEGIN(c, WP_HOOK_socket__data_ready, delivery);
	if (!d) {
		pass_over(s, sk, by_kprobe);
		return 0;
	}
	d->cookie = s->cookie;
	d->level = level;
	measure(d, s);
	if (SK(sk, __sk_common.skc_family) != AF_UNIX) {
		find_packet(d, s, level);
		if (!d->skb && c->nobodys_in && c->nobodys_in == c->softirq_ns)
			signals.ports_tell = 0;
		arrival_facts(d);
	}
	if (level == WP_LEVEL_task)
		note_sender(d);
	call_witness((u64)SK(sk, sk_wq), d);
	c->delivery[slot] = d->h.seq;
	end_record(c, WP_HOOK_socket__data_ready, d);
	return 0;
}

SEC("tp_btf/sk_data_ready")
int BPF_PROG(socket__data_ready, struct sock *sk)
{
	return made_readable(sk, false);
}

/* Where there is no such tracepoint (before 6.3): the function it stands in, which sk_data_ready points to. */
SEC("fentry/sock_def_readable")
int BPF_PROG(socket__data_ready_entry, struct sock *sk)
{
	return made_readable(sk, false);
}

/*
 * Where programs can't be put on functions by fentry either. The socket is a number here: what it says is read by
 * helper calls, and its state found by its address.
 */
SEC("kprobe/sock_def_readable")
int socket__data_ready_kprobe(struct pt_regs *regs)
{
	return made_readable((void *)function_argument(regs, 0), true);
}

/* Between the last read and this one lies the urgent byte, which belongs to neither. */
static __always_inline bool passes_urgent(const struct sock_state *s, const struct sock *sk, u64 begin)
{
	return begin == s->consumed + 1 && stream_offset(s, KREAD(struct tcp_sock, sk, urg_seq)) == s->consumed;
}

/* Bytes of this read, from the socket's numbers after it. */
static __always_inline void measure_read(struct task_state *t, struct sock_state *s, struct sock *sk, int ret,
					 int flags, const bool by_kprobe)
{
	u64 before;
	u32 units = ret > 0 ? ret : 0;

	t->read_flags = 0;
	if (s->kind == KIND_TCP) {
		u64 copied = stream_offset(s, KREAD(struct tcp_sock, sk, copied_seq));

		t->unread = KREAD(struct tcp_sock, sk, rcv_nxt) - KREAD(struct tcp_sock, sk, copied_seq);
		if (flags & MSG_PEEK) {
			t->begin = copied;
			t->end = copied + units;
			return;
		}
		if (flags & MSG_OOB) { /* the urgent byte is taken past the stream: copied_seq passes it later */
			t->begin = copied;
			t->end = copied;
			return;
		}
		t->end = copied;
		t->begin = copied - units;
		if (s->consumed_known && units && t->begin == s->consumed + 1 && (SK(sk, sk_shutdown) & RCV_SHUTDOWN) &&
		    !t->unread) { /* it passed the FIN too, whose place is no byte */
			t->begin--;
			t->end--;
			s->consumed = copied;
			return;
		}
		if (s->consumed_known && units && t->begin != s->consumed && !passes_urgent(s, sk, t->begin))
			t->read_flags |= WP_READ_UNSURE;
		s->consumed = copied;
		s->consumed_known = 1;
		return;
	}
	if (s->kind == KIND_DATAGRAM) {
		t->read_flags |= WP_READ_DATAGRAM;
		units = ret >= 0;
	}
	before = flags & MSG_PEEK ? s->consumed : __sync_fetch_and_add(&s->consumed, units);
	t->begin = before;
	t->end = before + units;
	t->unread = s->delivered - s->consumed;
}

static __always_inline int received_from(struct sock *sk, int ret, int flags, const bool by_kprobe)
{
	struct cpu_state *c = enter(WP_HOOK_socket__recv_length);
	const volatile struct wp_call_info *call;
	struct task_struct *current;
	struct wp_read_call *e;
	struct sock_state *s;
	struct task_state *t;
	bool by_ring, sampled;
	u32 nr;

	if (!c || current_unwatched(c, WP_HOOK_socket__recv_length))
		return 0;
	t = current_task_of();
	s = by_kprobe ? state_at_address(sk) : state_of_sock(sk);
	if (!s || s->cookie != SK(sk, __sk_common.skc_cookie.counter)) {
		if (config.port && SK(sk, __sk_common.skc_num) != config.port)
			s = NULL;
		else
			s = watch_socket_by(c, WP_HOOK_socket__recv_length, sk, WP_WHY_used,
					    (u32)bpf_get_current_pid_tgid(), false, by_kprobe);
	}
	if (!t || !s) {
		count(c, WP_HOOK_socket__recv_length, WP_FILTERED);
		return 0;
	}
	current = bpf_get_current_task_btf();
	nr = call_number(current);
	forget_after_change(t, nr);
	t->cookie = s->cookie;
	t->msg_flags = flags;
	sampled = s->sampled; /* before the read is counted: the next delivery may decide anew after it */
	measure_read(t, s, sk, ret, flags, by_kprobe);
	t->passed_over = 0;
	if (signals.sample > 1 && !(s->kind == KIND_DATAGRAM ? in_sample(s->cookie, t->begin) : sampled)) {
		t->passed_over = s->cookie;
		t->copied_ns = 0;
		count(c, WP_HOOK_socket__recv_length, WP_NOTED);
		return 0;
	}
	t->copied_ns = bpf_ktime_get_ns();
	call = call_info(nr);
	if (signals.light && (call->call_class == WP_CALL_READ || call->call_class == WP_CALL_READ_MANY))
		return copied_to_reader(c, t, ret, call_descriptor(call, saved_registers(current)), nr);
	if (call->call_class == WP_CALL_READ) { /* the record is made when the call returns */
		count(c, WP_HOOK_socket__recv_length, WP_NOTED);
		return 0;
	}
	by_ring = call->call_class != WP_CALL_READ_MANY;
	if (by_ring) {
		tell(&signals.ring);
		t->xmit_ns = 0; /* what left until now was an acknowledgement */
		t->segments = 0;
	}
	e = BEGIN(c, WP_HOOK_socket__recv_length, read_call);
	if (e) {
		fill_read(e, t, ret, WP_FILE_socket, by_ring ? -1 : call_descriptor(call, saved_registers(current)), nr,
			  c->slept);
		if (by_ring) { /* no call that reads: io_uring does it */
			e->flags = (e->flags & ~WP_READ_SLEPT) | WP_READ_BY_RING;
			e->enter_ns = 0;
		}
		end_record(c, WP_HOOK_socket__recv_length, e);
	}
	t->copied_ns = 0; /* no call's return may take this receive for its own */
	return 0;
}

/* Every receive on every protocol passes here, in the reader's own context, after the copy. */
SEC("tp_btf/sock_recv_length")
int BPF_PROG(socket__recv_length, struct sock *sk, int ret, int flags)
{
	return received_from(sk, ret, flags, false);
}

/* Where there is no such tracepoint (before 6.3). All but the first datagram of a recvmmsg go past it. */
SEC("fexit/sock_recvmsg")
int BPF_PROG(socket__recv_length_exit, struct socket *socket, struct msghdr *message, int flags, int ret)
{
	struct sock *sk = socket->sk;

	return sk ? received_from(sk, ret, flags, false) : 0;
}

/*
 * Where fexit can't be had either: the call, and its return. For returns the kernel has but a few slots, for all tasks
 * that are inside of such calls together: where it had none left, the next call of the task counts it as lost.
 */
SEC("kprobe/sock_recvmsg")
int socket__recv_length_kprobe(struct pt_regs *regs)
{
	struct cpu_state *c = this_cpu();
	struct task_state *t;

	if (!c || who_is_here(c) != WHO_WATCHED)
		return 0;
	t = current_task_of();
	if (!t)
		return 0;
	if (t->receives_from) {
		count(c, WP_HOOK_socket__recv_length, WP_FIRED);
		count(c, WP_HOOK_socket__recv_length, WP_MAP_FULL);
	}
	t->receives_from = (u64)KREAD(struct socket, function_argument(regs, 0), sk);
	t->receive_flags = function_argument(regs, 2);
	return 0;
}

SEC("kretprobe/sock_recvmsg")
int socket__recv_length_kretprobe(struct pt_regs *regs)
{
	struct cpu_state *c = this_cpu();
	struct task_state *t;
	u64 sk;

	if (!c || who_is_here(c) != WHO_WATCHED)
		return 0;
	t = current_task_of();
	if (!t || !t->receives_from)
		return 0;
	sk = t->receives_from;
	t->receives_from = 0;
	return received_from((void *)sk, (int)function_result(regs), t->receive_flags, true);
}

/*
 * The watched task whose send this packet leaves in. TCP sends a held socket's packets in its owner's context only;
 * for others it is enough that no softirq is known to run.
 */
static __always_inline struct task_state *sender_of(struct cpu_state *c, const struct sk_buff *skb)
{
	const struct sock *sk = skb->sk;

	if (!sk || (c->in_softirq && !sk->sk_lock.owned) || who_is_here(c) != WHO_WATCHED)
		return NULL;
	if (!signals.ring && call_info(call_number(bpf_get_current_task_btf()))->call_class != WP_CALL_SEND)
		return NULL; /* where a target has io_uring send for it, that is in no call of its own */
	return current_task_of();
}

static __always_inline void note_reply(struct task_state *t, const struct sk_buff *skb, u32 ifindex, u64 now)
{
	u64 sk = (u64)skb->sk;

	if (!t->xmit_ns) {
		t->xmit_ns = now;
		t->xmit_sk = sk;
		t->xmit_ifindex = ifindex;
	}
	t->segments += t->xmit_sk == sk;
}

/*
 * Does this packet go to a socket of which nobody asked? Of an established TCP connection the sender knows the port; a
 * request or a connection in TIME_WAIT is of other states.
 */
static __always_inline bool is_nobodys(const struct sock *sk)
{
	u16 port;

	if (!signals.ports_tell || !sk || sk->__sk_common.skc_state != TCP_ESTABLISHED ||
	    sk->sk_protocol != IPPROTO_TCP)
		return false;
	port = bpf_ntohs(sk->__sk_common.skc_dport);
	return !(watched_ports[port / 64 & (PORT_WORDS - 1)] >> (port & 63) & 1);
}

SEC("tp_btf/net_dev_start_xmit")
int BPF_PROG(socket__xmit, const struct sk_buff *skb, const struct net_device *dev)
{
	struct cpu_state *c = this_cpu();
	struct task_state *t;
	struct packet *p;
	bool local;
	u64 now;

	if (!c)
		return 0;
	t = signals.light ? NULL : sender_of(c, skb); /* the call that sends makes no record there */
	local = is_virtual(dev);
	c->nobodys = 0;
	if (local && is_nobodys(skb->sk)) {
		c->nobodys = (u64)skb;
		local = false;
	}
	if (!t && !local) {
		count(c, WP_HOOK_socket__xmit, c->who == WHO_SELF ? WP_SELF : WP_FILTERED);
		return 0;
	}
	now = bpf_ktime_get_ns();
	if (t)
		note_reply(t, skb, dev->ifindex, now);
	p = local ? packet_slot((u64)skb) : NULL;
	if (p && !skb->sk && p->skb == (u64)skb && p->stack_ns && p->taken_in == c->softirq_ns) {
		p->on_way = 1; /* it came by a device and is forwarded into this one */
	} else if (p) {
		p->skb = (u64)skb;
		p->driver_ns = now;
		p->driver_hook = WP_DRIVER_xmit;
		p->driver_cpu = bpf_get_smp_processor_id();
		p->stack_ns = 0;
		p->on_way = 0;
		p->forwarded = 0;
	}
	count(c, WP_HOOK_socket__xmit, WP_NOTED);
	return 0;
}

/* Attached only once a datagram socket is watched: it would tax every TCP read for nothing. */
SEC("tp_btf/skb_copy_datagram_iovec")
int BPF_PROG(socket__copy_datagram, const struct sk_buff *skb)
{
	struct cpu_state *c = this_cpu();
	struct task_state *t;

	if (!c || current_unwatched(c, WP_HOOK_socket__copy_datagram))
		return 0;
	t = current_task_of();
	if (t)
		t->skb = (u64)skb;
	count(c, WP_HOOK_socket__copy_datagram, WP_NOTED);
	return 0;
}
