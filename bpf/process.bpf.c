// SPDX-License-Identifier: GPL-2.0-or-later
/* Which tasks are watched: children of watched ones, those that take the name or enter the cgroup asked for. */
#include "sock.bpf.h"

static __always_inline void join(struct cpu_state *c, u32 hook, struct task_struct *task, u32 why)
{
	u32 pid = task->tgid;

	if (pid == config.self_pid)
		return;
	bpf_map_update_elem(&targets, &pid, &why, BPF_ANY);
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
	e = BEGIN(c, WP_HOOK_process__exit, task_exit);
	if (!e)
		return 0;
	e->start_ns = p->start_time;
	e->tid = p->pid;
	e->pid = p->tgid;
	e->code = p->exit_code;
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
