// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The books of every watched task, read now and then by the collector. Without them a task that never
 * leaves its CPU, or never comes back to one, would say nothing at all. Where there are many, those that
 * have not run since their last books are left out but for the last time: they have nothing new to say.
 */
#include "turn.bpf.h"

SEC("iter/task")
int usage__tasks(struct bpf_iter__task *ctx)
{
	struct cpu_state *c = enter(WP_HOOK_usage__tasks);
	struct task_struct *task = ctx->task;
	struct task_state *t;
	struct wp_usage *e;
	u64 run_ns;

	if (!c)
		return 0;
	if (!task) {
		count(c, WP_HOOK_usage__tasks, WP_NOTED);
		return 0;
	}
	t = bpf_task_storage_get(&tasks, task, NULL, 0);
	if (!t) {
		count(c, WP_HOOK_usage__tasks, task->tgid == config.self_pid ? WP_SELF : WP_FILTERED);
		return 0;
	}
	signals.books_of++;
	run_ns = task->se.sum_exec_runtime;
	if (signals.books_changed_only && t->booked_ns == run_ns) {
		count(c, WP_HOOK_usage__tasks, WP_NOTED);
		return 0;
	}
	t->booked_ns = run_ns;
	mark_of_iterator(ctx->meta);
	e = BEGIN(c, WP_HOOK_usage__tasks, usage);
	if (!e)
		return 0;
	e->start_ns = t->start_ns;
	e->run_ns = run_ns;
	e->off_ns = t->off_ns;
	e->tid = t->tid;
	e->pid = t->pid;
	e->state = task->__state & 0xff;
	e->nr = call_plus_one(task);
	e->calls = t->calls;
	e->yields = t->yields;
	e->empty_waits = t->empty_waits;
	e->ready_waits = t->ready_waits;
	e->empty_reads = t->empty_reads;
	end_record(c, WP_HOOK_usage__tasks, e);
	return 0;
}
