// SPDX-License-Identifier: GPL-2.0-or-later
/* Which tasks are watched: children of watched ones, those that take the name or enter the cgroup asked for. */
#include "sock.bpf.h"

static __always_inline void join(struct cpu_state *c, u32 hook, struct task_struct *task, u32 why)
{
	u32 pid = task->tgid;

	if (pid == config.self_pid)
		return;
	add_target(c, hook, pid, why);
	watch_task(c, hook, task, why);
	signals.rescan = 1; /* its other threads and its sockets */
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(process__fork, struct task_struct *parent, struct task_struct *child)
{
	struct cpu_state *c = enter(WP_HOOK_process__fork);

	if (!c)
		return 0;
	if (state_of_task(parent)) {
		if (child->tgid != parent->tgid && !signals.forked)
			signals.forked = 1;
		watch_task(c, WP_HOOK_process__fork, child, WP_WHY_fork);
		count(c, WP_HOOK_process__fork, WP_NOTED);
	} else {
		count(c, WP_HOOK_process__fork, parent->tgid == config.self_pid ? WP_SELF : WP_FILTERED);
	}
	return 0;
}

static __always_inline bool name_matches(struct task_struct *task)
{
	struct wp_comm comm;
	u32 i;

	copy_comm(&comm, task);
	for (i = 0; i < sizeof(comm.s); i++) {
		if (comm.s[i] != config.comm.s[i])
			return false;
		if (!comm.s[i])
			break;
	}
	return true;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(process__exec, struct task_struct *p)
{
	struct cpu_state *c = enter(WP_HOOK_process__exec);
	bool known;

	if (!c)
		return 0;
	known = state_of_task(p) != NULL;
	if (known) {
		announce_task(c, WP_HOOK_process__exec, p, WP_WHY_exec);
	} else if (config.match_comm && name_matches(p)) {
		join(c, WP_HOOK_process__exec, p, WP_WHY_exec);
		c->tid = 0; /* the next look finds it watched */
		known = true;
	}
	count(c, WP_HOOK_process__exec, known ? WP_NOTED : WP_FILTERED);
	return 0;
}

/* Fires before the name is changed: __set_task_comm. */
SEC("tp_btf/task_rename")
int BPF_PROG(process__rename, struct task_struct *task, const char *comm)
{
	struct cpu_state *c = enter(WP_HOOK_process__rename);
	struct task_state *t;
	struct wp_task *e;

	if (!c)
		return 0;
	t = state_of_task(task);
	if (!t) {
		count(c, WP_HOOK_process__rename, WP_FILTERED);
		return 0;
	}
	e = BEGIN(c, WP_HOOK_process__rename, task);
	if (!e)
		return 0;
	e->start_ns = t->start_ns;
	e->tid = t->tid;
	e->pid = t->pid;
	e->ppid = task->real_parent->tgid;
	e->why = WP_WHY_exec;
	bpf_probe_read_kernel_str(e->comm.s, sizeof(e->comm.s), comm);
	end_record(c, WP_HOOK_process__rename, e);
	return 0;
}

/* Linux's numbers, where they are the generic ones: include/uapi/asm-generic/signal.h */
#define CHILD_SIGNAL 17
#define FLAG_NOCLDWAIT 2

/* What do_notify_parent() will find: then the kernel releases the task itself. */
static __always_inline bool nobody_asks(struct task_struct *p)
{
	struct sighand_struct *of_parent = p->real_parent->sighand;

	return KREAD(struct sighand_struct, of_parent, action[CHILD_SIGNAL - 1].sa.sa_handler) == (void *)1 ||
	       KREAD(struct sighand_struct, of_parent, action[CHILD_SIGNAL - 1].sa.sa_flags) & FLAG_NOCLDWAIT;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process__exit, struct task_struct *p)
{
	struct cpu_state *c = enter(WP_HOOK_process__exit);
	struct wp_task_exit *e;

	if (!c)
		return 0;
	if (!state_of_task(p)) {
		count(c, WP_HOOK_process__exit, p->tgid == config.self_pid ? WP_SELF : WP_FILTERED);
		return 0;
	}
	if (p->signal->live.counter == 0) { /* of its process the last: the number may be given to anybody now */
		u32 pid = p->tgid;

		bpf_map_delete_elem(&targets, &pid);
	}
	e = BEGIN(c, WP_HOOK_process__exit, task_exit);
	if (!e)
		return 0;
	e->start_ns = p->start_time;
	e->tid = p->pid;
	e->pid = p->tgid;
	e->code = p->exit_code;
	if (nobody_asks(p))
		e->flags = WP_EXIT_NOBODY_ASKS;
	end_record(c, WP_HOOK_process__exit, e);
	return 0;
}

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(process__cgroup, struct cgroup *to, const char *path, struct task_struct *task)
{
	struct cpu_state *c = enter(WP_HOOK_process__cgroup);

	if (!c)
		return 0;
	if (config.cgroup_id && to->kn->id == config.cgroup_id) {
		join(c, WP_HOOK_process__cgroup, task, WP_WHY_cgroup);
		count(c, WP_HOOK_process__cgroup, WP_NOTED);
	} else {
		count(c, WP_HOOK_process__cgroup, WP_FILTERED);
	}
	return 0;
}

SEC("tp_btf/signal_generate")
int BPF_PROG(process__signal_sent, int sig, struct kernel_siginfo *info, struct task_struct *task, int group,
	     int result)
{
	struct cpu_state *c = enter(WP_HOOK_process__signal_sent);
	struct task_struct *sender;
	struct wp_signal_sent *e;

	if (!c)
		return 0;
	if (!state_of_task(task)) {
		count(c, WP_HOOK_process__signal_sent, task->tgid == config.self_pid ? WP_SELF : WP_FILTERED);
		return 0;
	}
	e = BEGIN(c, WP_HOOK_process__signal_sent, signal_sent);
	if (!e)
		return 0;
	e->start_ns = task->start_time;
	e->tid = task->pid;
	e->pid = task->tgid;
	e->sig = sig;
	e->result = result;
	e->to_process = group;
	if ((u64)info > 2) /* 0 to 2 stand for the kernel itself: SEND_SIG_NOINFO, SEND_SIG_PRIV */
		e->code = KREAD(struct kernel_siginfo, info, si_code);
	if (context_level(c) == WP_LEVEL_task) {
		sender = bpf_get_current_task_btf();
		e->sender_tid = sender->pid;
		e->sender_pid = sender->tgid;
		copy_comm(&e->sender_comm, sender);
	}
	end_record(c, WP_HOOK_process__signal_sent, e);
	return 0;
}

SEC("tp_btf/signal_deliver")
int BPF_PROG(process__signal_taken, int sig, struct kernel_siginfo *info, struct k_sigaction *action)
{
	struct cpu_state *c = enter(WP_HOOK_process__signal_taken);
	struct wp_signal_taken *e;
	struct task_state *t;

	if (!c || current_unwatched(c, WP_HOOK_process__signal_taken))
		return 0;
	t = current_task_of();
	if (!t) {
		count(c, WP_HOOK_process__signal_taken, WP_FILTERED);
		return 0;
	}
	e = BEGIN(c, WP_HOOK_process__signal_taken, signal_taken);
	if (!e)
		return 0;
	e->start_ns = t->start_ns;
	e->handler = (u64)KREAD(struct k_sigaction, action, sa.sa_handler);
	e->tid = t->tid;
	e->pid = t->pid;
	e->sig = sig;
	e->in_call = call_number(bpf_get_current_task_btf()) + 1;
	end_record(c, WP_HOOK_process__signal_taken, e);
	return 0;
}
