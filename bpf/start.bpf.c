// SPDX-License-Identifier: GPL-2.0-or-later
/* What existed before us: every thread of the targets and their children, every socket they hold. */
#include "sock.bpf.h"

static __always_inline bool is_target(u32 pid)
{
	return config.everything || bpf_map_lookup_elem(&targets, &pid);
}

SEC("iter/task")
int start__tasks(struct bpf_iter__task *ctx)
{
	struct cpu_state *c = enter(WP_HOOK_start__tasks);
	struct task_struct *task = ctx->task;
	u32 pid, parent;

	if (!c)
		return 0;
	if (!task || (task->flags & PF_KTHREAD) || task->tgid == config.self_pid) {
		count(c, WP_HOOK_start__tasks, task ? WP_FILTERED : WP_NOTED);
		return 0;
	}
	pid = task->tgid;
	parent = task->real_parent->tgid;
	if (!is_target(pid) && !config.port && is_target(parent))
		add_target(c, WP_HOOK_start__tasks, pid, WP_WHY_start);
	if (!is_target(pid)) {
		count(c, WP_HOOK_start__tasks, WP_FILTERED);
		return 0;
	}
	watch_task(c, WP_HOOK_start__tasks, task, WP_WHY_start);
	mark_of_iterator(ctx->meta);
	count(c, WP_HOOK_start__tasks, WP_NOTED);
	return 0;
}

SEC("iter/task_file")
int start__sockets(struct bpf_iter__task_file *ctx)
{
	struct cpu_state *c = enter(WP_HOOK_start__sockets);
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct socket *socket;
	struct sock *sk;
	u32 pid;

	if (!c)
		return 0;
	if (!task || !file || task->tgid == config.self_pid)
		goto filtered;
	pid = task->tgid;
	if (!config.port && !is_target(pid))
		goto filtered;
	socket = bpf_sock_from_file(file);
	if (!socket)
		goto filtered;
	sk = socket->sk;
	if (!sk || sock_kind(sk, false) == KIND_OTHER)
		goto filtered;
	if (config.port) {
		if (sk->__sk_common.skc_num != config.port || sk->__sk_common.skc_family == AF_UNIX)
			goto filtered;
		add_target(c, WP_HOOK_start__sockets, pid, WP_WHY_port);
	}
	watch_socket(c, WP_HOOK_start__sockets, sk, WP_WHY_start, task->pid, false);
	mark_of_iterator(ctx->meta);
	count(c, WP_HOOK_start__sockets, WP_NOTED);
	return 0;
filtered:
	count(c, WP_HOOK_start__sockets, WP_FILTERED);
	return 0;
}
