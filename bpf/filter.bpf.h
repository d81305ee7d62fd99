/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is watched: decided once per task and once per socket, then a flag of the CPU or a storage lookup. */
#ifndef WP_FILTER_BPF_H
#define WP_FILTER_BPF_H

#include "compat.bpf.h"
#include "emit.bpf.h"

/* Leave early: the task that runs here is not watched. */
static __always_inline bool current_unwatched(struct cpu_state *c, u32 hook)
{
	u32 who = c->who;

	if (who == WHO_WATCHED)
		return false;
	count(c, hook, who == WHO_SELF ? WP_SELF : WP_FILTERED);
	return true;
}

static __always_inline void copy_comm(struct wp_comm *to, struct task_struct *task)
{
	__builtin_memcpy(to->s, task->comm, sizeof(to->s));
}

static __always_inline void announce_task(struct cpu_state *c, u32 hook, struct task_struct *task, u32 why)
{
	struct wp_task *e = BEGIN_FURTHER(c, hook, task);

	if (!e)
		return;
	e->start_ns = task->start_time;
	e->tid = task->pid;
	e->pid = task->tgid;
	e->ppid = task->real_parent->tgid;
	e->why = why;
	copy_comm(&e->comm, task);
	end_record(c, hook, e);
}

/* Watch a task from now on. NULL: no room for its state, counted. */
static __always_inline struct task_state *watch_task(struct cpu_state *c, u32 hook, struct task_struct *task, u32 why)
{
	struct task_state *t = bpf_task_storage_get(&tasks, task, NULL, 0);

	if (t)
		return t;
	t = bpf_task_storage_get(&tasks, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!t) {
		count(c, hook, WP_FIRED);
		count(c, hook, WP_MAP_FULL);
		return NULL;
	}
	t->start_ns = task->start_time;
	t->tid = task->pid;
	t->pid = task->tgid;
	announce_task(c, hook, task, why);
	return t;
}

/* The state of a watched task; with -a a task becomes watched when it is first met. */
static __always_inline struct task_state *task_of(struct cpu_state *c, u32 hook, struct task_struct *task)
{
	if (!config.everything)
		return bpf_task_storage_get(&tasks, task, NULL, 0);
	if (!task->pid || (task->flags & PF_KTHREAD) || task->tgid == config.self_pid)
		return NULL;
	return watch_task(c, hook, task, WP_WHY_all);
}

static __always_inline struct task_state *current_task_of(struct cpu_state *c, u32 hook)
{
	return bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), NULL, 0);
}

#endif
