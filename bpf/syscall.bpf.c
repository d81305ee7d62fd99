// SPDX-License-Identifier: GPL-2.0-or-later
/* System calls of watched tasks: waits, receives, sends, accepts. One record each, at the return. */
#include "sock.bpf.h"
#include "turn.bpf.h"

/* Attached where the entries of system calls are asked for: what a call did is all known at its return. */
SEC("tp_btf/sys_enter")
int BPF_PROG(syscall__enter, struct pt_regs *regs, long nr)
{
	struct cpu_state *c = this_cpu();
	struct task_state *t;

	if (!c)
		return 0;
	in_task_context(c);
	if (current_unwatched(c, WP_HOOK_syscall__enter))
		return 0;
	t = call_info(nr)->call_class ? current_task_of() : NULL;
	if (!t) {
		count(c, WP_HOOK_syscall__enter, WP_FILTERED);
		return 0;
	}
	c->slept = 0;
	t->enter_ns = bpf_ktime_get_ns();
	count(c, WP_HOOK_syscall__enter, WP_NOTED);
	return 0;
}

#define EXIT WP_HOOK_syscall__exit

static __always_inline void waited(struct cpu_state *c, const struct ended_call *call)
{
	const volatile struct wp_call_info *info = call->call;
	struct task_state *t = call->t;
	struct wp_wait_call *e;
	struct ended_wait w = {.ret = call->ret, .fd = call->fd, .nr = call->nr, .slept = call->slept};

	if (call->slept && info->timeout_kind > WP_TIMEOUT_MS)
		w.timeout_ns = t->timeout_ns;
	else
		w.timeout_ns = timeout_of(info, call->regs);
	w.watched = call_watched(info, call->regs);
	if (counted_wait(t, &w)) {
		count(c, EXIT, WP_NOTED);
		return;
	}
	e = BEGIN(c, EXIT, wait_call);
	if (!e)
		return;
	e->start_ns = t->start_ns;
	e->enter_ns = t->enter_ns;
	e->timeout_ns = w.timeout_ns;
	e->ret = call->ret;
	e->tid = t->tid;
	e->pid = t->pid;
	e->fd = call->fd;
	e->watched = w.watched;
	e->nr = call->nr;
	e->slept = call->slept;
	end_record(c, EXIT, e);
}

/* A receive that no socket hook saw is of a pipe or a file; files are nobody's question. */
static __always_inline void received(struct cpu_state *c, const struct ended_call *call)
{
	struct task_state *t = call->t;
	struct wp_read_call *e;
	struct described d;
	u8 kind = WP_FILE_socket;

	/* the end of a stream, told again and again, is nothing too */
	if (counted_read(call, call->ret || !t->copied_ns ? call->ret : -EAGAIN)) {
		t->copied_ns = 0; /* or the next read of a file would be taken for this socket's */
		count(c, EXIT, WP_NOTED);
		return;
	}
	if (!t->copied_ns) {
		kind = descriptor(call->fd, &d);
		if (kind != WP_FILE_pipe) {
			count(c, EXIT, WP_NOTED);
			return;
		}
	}
	if (call->ret > 0) {
		release_wait(t);
		turn_bears(t);
	}
	e = BEGIN(c, EXIT, read_call);
	if (e) {
		fill_read(e, t, call->ret, kind, call->fd, call->nr, call->slept);
		end_record(c, EXIT, e);
	}
	t->copied_ns = 0;
	t->skb = 0;
}

static __always_inline void sent(struct cpu_state *c, const struct ended_call *call)
{
	struct task_state *t = call->t;
	struct wp_send_call *e;
	struct described d;
	u64 cookie = 0;

	/* a packet met inside the call may be another socket's, from a queue both feed */
	if (descriptor(call->fd, &d) == WP_FILE_socket && d.sk)
		cookie = KREAD(struct sock, d.sk, __sk_common.skc_cookie.counter);
	if (!cookie || (signals.sample > 1 && cookie == t->passed_over)) {
		count(c, EXIT, WP_NOTED);
		goto forget;
	}
	e = BEGIN(c, EXIT, send_call);
	if (!e)
		goto forget;
	e->start_ns = t->start_ns;
	e->enter_ns = t->enter_ns;
	e->cookie = cookie;
	e->ret = call->ret;
	e->tid = t->tid;
	e->pid = t->pid;
	e->fd = call->fd;
	if (t->xmit_ns && t->xmit_sk == d.sk) {
		e->xmit_ns = t->xmit_ns;
		e->xmit_ifindex = t->xmit_ifindex;
		e->segments = t->segments;
	}
	e->nr = call->nr;
	e->file_kind = WP_FILE_socket;
	e->slept = call->slept;
	if (call->call->flags_arg < 6)
		e->msg_flags = (u32)syscall_argument(call->regs, call->call->flags_arg);
	if (call->call->parts_arg < 6)
		e->parts = (u16)syscall_argument(call->regs, call->call->parts_arg);
	end_record(c, EXIT, e);
forget:
	t->xmit_ns = 0;
	t->segments = 0;
}

/*
 * A socket that a watched task has just got: watched as soon as a hook shows it to us. A global function: the verifier
 * goes through it once, not once for each call that makes sockets.
 */
__noinline u64 expect_socket(s32 fd)
{
	struct described d;

	if (config.port || descriptor(fd, &d) != WP_FILE_socket || !d.sk)
		return 0;
	bpf_map_update_elem(&newborn, &d.sk, &d.inode, BPF_ANY);
	signals.newborn_any = 1;
	return KREAD(struct sock, d.sk, __sk_common.skc_cookie.counter);
}

static __always_inline void accepted(struct cpu_state *c, const struct ended_call *call)
{
	struct wp_accept_call *e;
	struct described d;
	u64 cookie = 0;

	if (counted_read(call, call->ret)) {
		count(c, EXIT, WP_NOTED);
		return;
	}
	if (call->ret >= 0) {
		release_wait(call->t);
		turn_bears(call->t);
	}
	if (call->ret >= 0 && descriptor(call->ret, &d) == WP_FILE_socket && d.sk) {
		cookie = KREAD(struct sock, d.sk, __sk_common.skc_cookie.counter);
		if (!cookie)
			cookie = expect_socket(call->ret);
	}
	e = BEGIN(c, EXIT, accept_call);
	if (!e)
		return;
	e->start_ns = call->t->start_ns;
	e->enter_ns = call->t->enter_ns;
	e->cookie = cookie;
	e->ret = call->ret;
	e->tid = call->t->tid;
	e->pid = call->t->pid;
	e->fd = call->fd;
	e->nr = call->nr;
	e->slept = call->slept;
	end_record(c, EXIT, e);
}

/* Where the kernel puts the number of the child into what waitid returns. */
#define SIGINFO_PID_OFFSET 16

static __always_inline void reaped(struct cpu_state *c, const struct ended_call *call)
{
	u32 options = call->call->flags_arg < 6 ? (u32)syscall_argument(call->regs, call->call->flags_arg) : 0;
	bool by_waitid = call->call->flags_arg == 3;
	struct wp_reap_call *e;
	long ret = call->ret;
	s32 child = 0;
	u64 info;

	if (by_waitid && !ret) {
		info = syscall_argument(call->regs, 2);
		if (info && !bpf_probe_read_user(&child, sizeof(child), (void *)(info + SIGINFO_PID_OFFSET)))
			ret = child;
	}
	e = BEGIN(c, EXIT, reap_call);
	if (!e)
		return;
	e->start_ns = call->t->start_ns;
	e->enter_ns = call->t->enter_ns;
	e->ret = ret;
	e->tid = call->t->tid;
	e->pid = call->t->pid;
	e->options = options;
	e->nr = call->nr;
	e->slept = call->slept;
	e->flags = by_waitid ? WP_REAP_WAITID : 0;
	end_record(c, EXIT, e);
}

static __always_inline void closed(struct cpu_state *c, const struct ended_call *call)
{
	struct wp_close_call *e;

	if (!signals.forked) {
		count(c, EXIT, WP_NOTED);
		return;
	}
	e = BEGIN(c, EXIT, close_call);
	if (!e)
		return;
	e->start_ns = call->t->start_ns;
	e->ret = call->ret;
	e->tid = call->t->tid;
	e->pid = call->t->pid;
	e->fd = call->fd;
	end_record(c, EXIT, e);
}

static __always_inline void created_pair(const struct ended_call *call)
{
	s32 pair[2];

	if (call->ret || bpf_probe_read_user(pair, sizeof(pair), (void *)syscall_argument(call->regs, 3)))
		return;
	expect_socket(pair[0]);
	expect_socket(pair[1]);
}

static __always_inline void ended(struct cpu_state *c, const struct ended_call *call)
{
	switch (call->call->call_class) {
	case WP_CALL_READ: received(c, call); break;
	case WP_CALL_SEND: sent(c, call); break;
	case WP_CALL_ACCEPT: accepted(c, call); break;
	case WP_CALL_REAP: reaped(c, call); break;
	case WP_CALL_CLOSE: closed(c, call); break;
	case WP_CALL_RING:
		if (!syscall_argument(call->regs, 2)) {
			count(c, EXIT, WP_NOTED);
			break;
		}
	/* min_complete: it waits too. fall through */
	case WP_CALL_WAIT: waited(c, call); break;
	case WP_CALL_YIELD:
		call->t->yields++;
		count(c, EXIT, WP_NOTED);
		break;
	case WP_CALL_CREATE:
		if (call->ret >= 0)
			expect_socket(call->ret);
		count(c, EXIT, WP_NOTED);
		break;
	case WP_CALL_PAIR: created_pair(call);
	/* fall through */
	default: count(c, EXIT, WP_NOTED);
	}
}

SEC("tp_btf/sys_exit")
int BPF_PROG(syscall__exit, struct pt_regs *regs, long ret)
{
	struct cpu_state *c = enter(EXIT);
	struct ended_call call = {.regs = regs, .ret = ret};

	if (!c)
		return 0;
	in_task_context(c);
	if (current_unwatched(c, EXIT))
		return 0;
	c->calls++;
	call.nr = syscall_number(regs);
	call.call = call_info(call.nr);
	call.t = call.call->call_class ? current_task_of() : NULL;
	if (call.t)
		forget_after_change(call.t, call.nr);
	call.slept = c->slept;
	c->slept = 0;
	if (!call.t) {
		count(c, EXIT, WP_FILTERED);
		return 0;
	}
	call.fd = call_descriptor(call.call, regs);
	ended(c, &call);
	call.t->enter_ns = 0; /* while entries cease to be watched, the next call must not seem to have begun there */
	return 0;
}
