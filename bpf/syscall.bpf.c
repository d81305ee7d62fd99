// SPDX-License-Identifier: GPL-2.0-or-later
/* System calls of watched tasks: waits, receives, sends, accepts. One record each, at the return. */
#include "sock.bpf.h"
#include "turn.bpf.h"

struct timespec64_user {
	s64 sec;
	s64 frac; /* ns, or us for a timeval */
};

static __always_inline s64 timeout_of(const volatile struct wp_call_info *call, struct pt_regs *regs)
{
	struct timespec64_user t;
	u64 value;

	if (call->timeout_kind == WP_TIMEOUT_NONE)
		return -2;
	value = syscall_argument(regs, call->timeout_arg);
	if (call->timeout_kind == WP_TIMEOUT_MS)
		return (s32)value < 0 ? -1 : (s64)(s32)value * 1000000;
	if (!value)
		return -1;
	if (bpf_probe_read_user(&t, sizeof(t), (void *)value))
		return -2;
	return t.sec * 1000000000 + t.frac * (call->timeout_kind == WP_TIMEOUT_TIMEVAL ? 1000 : 1);
}

SEC("tp_btf/sys_enter")
int BPF_PROG(syscall__enter, struct pt_regs *regs, long nr)
{
	struct cpu_state *c = this_cpu();
	const volatile struct wp_call_info *call;
	struct task_state *t;
	u8 class;

	if (!c)
		return 0;
	in_task_context(c);
	if (current_unwatched(c, WP_HOOK_syscall__enter))
		return 0;
	if ((u64)nr >= WP_MAX_SYSCALL)
		goto filtered;
	call = &calls[nr & (WP_MAX_SYSCALL - 1)];
	class = call->call_class;
	if (!class)
		goto filtered;
	t = current_task_of();
	if (!t)
		goto filtered;
	t->nr = nr;
	t->entry_seen = 1;
	t->slept = 0;
	t->fd = call->fd_arg < 6 ? (s32)syscall_argument(regs, call->fd_arg) : -1;
	t->copied_ns = 0;
	t->cookie = 0;
	t->skb = 0;
	t->xmit_ns = 0;
	t->segments = 0;
	if (class == WP_CALL_WAIT) {
		t->timeout_ns = timeout_of(call, regs);
		t->watched = call->count_arg < 6 ? (u32)syscall_argument(regs, call->count_arg) : 0;
	}
	t->class = class;
	c->call_class = class;
	t->enter_ns = bpf_ktime_get_ns();
	count(c, WP_HOOK_syscall__enter, WP_NOTED);
	return 0;
filtered:
	count(c, WP_HOOK_syscall__enter, WP_FILTERED);
	return 0;
}

#define EXIT WP_HOOK_syscall__exit

static __always_inline void waited(struct cpu_state *c, struct task_state *t, long ret)
{
	struct wp_wait_call *e;

	if (counted_wait(t, ret)) {
		count(c, EXIT, WP_NOTED);
		return;
	}
	e = BEGIN(c, EXIT, wait_call);
	if (!e)
		return;
	e->start_ns = t->start_ns;
	e->enter_ns = t->enter_ns;
	e->timeout_ns = t->timeout_ns;
	e->ret = ret;
	e->tid = t->tid;
	e->pid = t->pid;
	e->fd = t->fd;
	e->watched = t->watched;
	e->nr = t->nr;
	e->slept = t->slept;
	end_record(c, EXIT, e);
}

/* A receive that no socket hook saw is of a pipe or a file; files are nobody's question. */
static __always_inline void received(struct cpu_state *c, struct task_state *t, long ret)
{
	struct wp_read_call *e;
	struct sock *sk;
	u64 inode;
	u8 kind = WP_FILE_socket;

	/* the end of a stream, told again and again, is nothing too */
	if (counted_read(t, ret || !t->copied_ns ? ret : -EAGAIN)) {
		count(c, EXIT, WP_NOTED);
		return;
	}
	if (!t->copied_ns) {
		kind = descriptor(t->fd, &sk, &inode);
		if (kind != WP_FILE_pipe) {
			count(c, EXIT, WP_NOTED);
			return;
		}
	}
	if (ret > 0) {
		release_wait(c, EXIT, t);
		turn_bears(t);
	}
	e = BEGIN(c, EXIT, read_call);
	if (!e)
		return;
	fill_read(e, t, ret, kind);
	end_record(c, EXIT, e);
}

static __always_inline void sent(struct cpu_state *c, struct task_state *t, long ret)
{
	struct wp_send_call *e;
	struct sock *sk;
	u64 inode;

	/* nothing left the socket inside the call (or it needs no device): the descriptor tells which it is */
	if (!t->cookie && descriptor(t->fd, &sk, &inode) == WP_FILE_socket && sk)
		t->cookie = KREAD(struct sock, sk, __sk_common.skc_cookie.counter);
	if (!t->cookie) {
		count(c, EXIT, WP_NOTED);
		return;
	}
	e = BEGIN(c, EXIT, send_call);
	if (!e)
		return;
	e->start_ns = t->start_ns;
	e->enter_ns = t->enter_ns;
	e->xmit_ns = t->xmit_ns;
	e->cookie = t->cookie;
	e->ret = ret;
	e->tid = t->tid;
	e->pid = t->pid;
	e->fd = t->fd;
	e->xmit_ifindex = t->xmit_ns ? t->xmit_ifindex : 0;
	e->segments = t->xmit_ns ? t->segments : 0;
	e->nr = t->nr;
	e->file_kind = WP_FILE_socket;
	e->slept = t->slept;
	end_record(c, EXIT, e);
}

/* A socket that a watched task has just got: watched as soon as a hook shows it to us. */
static __always_inline u64 expect_socket(s32 fd)
{
	struct sock *sk;
	u64 inode, key;

	if (config.port || descriptor(fd, &sk, &inode) != WP_FILE_socket || !sk)
		return 0;
	key = (u64)sk;
	bpf_map_update_elem(&newborn, &key, &inode, BPF_ANY);
	signals.newborn_any = 1;
	return KREAD(struct sock, sk, __sk_common.skc_cookie.counter);
}

static __always_inline void accepted(struct cpu_state *c, struct task_state *t, long ret)
{
	struct wp_accept_call *e;
	struct sock *sk = NULL;
	u64 cookie = 0, inode;

	if (counted_read(t, ret)) {
		count(c, EXIT, WP_NOTED);
		return;
	}
	if (ret >= 0) {
		release_wait(c, EXIT, t);
		turn_bears(t);
	}
	if (ret >= 0 && descriptor(ret, &sk, &inode) == WP_FILE_socket && sk) {
		cookie = KREAD(struct sock, sk, __sk_common.skc_cookie.counter);
		if (!cookie)
			cookie = expect_socket(ret);
	}
	e = BEGIN(c, EXIT, accept_call);
	if (!e)
		return;
	e->start_ns = t->start_ns;
	e->enter_ns = t->enter_ns;
	e->cookie = cookie;
	e->ret = ret;
	e->tid = t->tid;
	e->pid = t->pid;
	e->fd = t->fd;
	e->nr = t->nr;
	e->slept = t->slept;
	end_record(c, EXIT, e);
}

/* The task sat in this call when it came to be watched: no entry was seen, and enter_ns stays 0. */
static __always_inline void entered_before_us(struct task_state *t, struct pt_regs *regs)
{
	u32 nr = syscall_number(regs);
	const volatile struct wp_call_info *call = &calls[nr & (WP_MAX_SYSCALL - 1)];

	t->entry_seen = 1;
	if (nr >= WP_MAX_SYSCALL)
		return;
	t->class = call->call_class;
	t->nr = nr;
	t->fd = call->fd_arg < 6 ? (s32)syscall_argument(regs, call->fd_arg) : -1;
	t->timeout_ns = -2;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(syscall__exit, struct pt_regs *regs, long ret)
{
	struct cpu_state *c = enter(EXIT);
	struct task_state *t;
	u32 class;
	s32 pair[2];

	if (!c)
		return 0;
	in_task_context(c);
	if (current_unwatched(c, EXIT))
		return 0;
	c->calls++;
	t = current_task_of();
	if (!t)
		goto filtered;
	if (!t->entry_seen)
		entered_before_us(t, regs);
	class = t->class;
	if (!class)
		goto filtered;
	c->call_class = 0;
	t->class = WP_CALL_NONE;
	switch (class) {
	case WP_CALL_WAIT: waited(c, t, ret); return 0;
	case WP_CALL_READ: received(c, t, ret); return 0;
	case WP_CALL_SEND: sent(c, t, ret); return 0;
	case WP_CALL_ACCEPT: accepted(c, t, ret); return 0;
	case WP_CALL_YIELD: t->yields++; break;
	case WP_CALL_CREATE:
		if (ret >= 0)
			expect_socket(ret);
		break;
	case WP_CALL_PAIR:
		if (!ret && !bpf_probe_read_user(pair, sizeof(pair), (void *)syscall_argument(regs, 3))) {
			expect_socket(pair[0]);
			expect_socket(pair[1]);
		}
		break;
	}
	count(c, EXIT, WP_NOTED);
	return 0;
filtered:
	count(c, EXIT, WP_FILTERED);
	return 0;
}
