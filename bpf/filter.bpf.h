/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is watched: decided once per task and once per socket, then a flag of the CPU or a storage lookup. */
#ifndef WP_FILTER_BPF_H
#define WP_FILTER_BPF_H

#include "compat.bpf.h"
#include "emit.bpf.h"

/*
 * The state of a watched task or socket; NULL: nobody asked about it. Most of a busy machine's have no storage at all,
 * which one load tells; the helper's way of finding that out costs ten times as much.
 */
static __always_inline struct task_state *state_of_task(struct task_struct *task)
{
	if (bpf_core_field_exists(task->bpf_storage) && !task->bpf_storage)
		return NULL;
	return bpf_task_storage_get(&tasks, task, NULL, 0);
}

static __always_inline struct sock_state *state_at_address(const struct sock *sk)
{
	u64 key = (u64)sk;
	struct sock_state *s = bpf_map_lookup_elem(&socks_by_address, &key);

	return s && s->cookie == KREAD(struct sock, sk, __sk_common.skc_cookie.counter) ? s : NULL;
}

static __always_inline struct sock_state *state_of_sock(struct sock *sk)
{
	if (config.by_address)
		return state_at_address(sk);
	if (bpf_core_field_exists(sk->sk_bpf_storage) && !sk->sk_bpf_storage)
		return NULL;
	return bpf_sk_storage_get(&socks, sk, NULL, 0);
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
	struct task_state *t = state_of_task(task);

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

/* A process asked for, until it has ended. Where there is no room its further threads and its sockets are not found. */
static __always_inline void add_target(struct cpu_state *c, u32 hook, u32 pid, u32 why)
{
	if (bpf_map_update_elem(&targets, &pid, &why, BPF_ANY)) {
		count(c, hook, WP_FIRED);
		count(c, hook, WP_MAP_FULL);
	}
}

/* The state of a watched task; with -a a task becomes watched when it is first met. */
static __always_inline struct task_state *task_of(struct cpu_state *c, u32 hook, struct task_struct *task)
{
	if (!config.everything)
		return state_of_task(task);
	if (!task->pid || (task->flags & PF_KTHREAD) || task->tgid == config.self_pid)
		return NULL;
	return watch_task(c, hook, task, WP_WHY_all);
}

static __always_inline void waits_no_more(struct task_state *t)
{
	u32 cpu = t->waits_for - 1;
	struct cpu_state *there;

	if (!t->waits_for)
		return;
	t->waits_for = 0;
	there = bpf_map_lookup_elem(&cpus, &cpu);
	if (there)
		__sync_fetch_and_sub(&there->waiters, 1);
}

/*
 * A watched task waits for a CPU: until it runs, every switch on that CPU leaves a record, so that it can be told who
 * ran meanwhile. Each task counts once, and where it was counted stays with it: a switch that the kernel does
 * not report costs at most some records too many, until the task runs again. Where it was only expected to wait,
 * that it did shows when it runs there.
 */
static __always_inline void waits_for(struct task_state *t, u32 cpu, bool is_sure)
{
	struct cpu_state *there;

	t->waits_surely = is_sure;
	if (t->waits_for == cpu + 1)
		return;
	waits_no_more(t);
	there = bpf_map_lookup_elem(&cpus, &cpu);
	if (!there)
		return;
	__sync_fetch_and_add(&there->waiters, 1);
	t->waits_for = cpu + 1;
}

/* Write what brought a task back onto a CPU, and forget it. */
static __always_inline void announce_run(struct cpu_state *c, struct task_state *t, struct task_struct *prev, u32 flags)
{
	struct wp_run *e = BEGIN(c, WP_HOOK_sched__switch, run);

	if (!e)
		goto forget;
	e->start_ns = t->start_ns;
	e->off_ns = t->off_ns;
	e->waking_ns = t->waking_ns;
	e->runnable_ns = t->runnable_ns;
	e->wake_delivery = t->wake_delivery;
	e->tid = t->tid;
	e->pid = t->pid;
	e->off_state = t->off_state;
	e->wake_cpu = t->wake_cpu;
	e->off_cpu = t->off_cpu;
	e->wake_level = t->wake_level;
	e->waker_nr = t->waker_nr;
	e->flags = flags | (t->waits_for == e->h.cpu + 1 ? WP_RUN_WATCHED_CPU : 0);
	e->off_nr = t->off_nr;
	e->runnable_cpu = t->waits_surely || t->waits_for == e->h.cpu + 1 ? t->waits_for : 0;
	e->calls = t->calls;
	e->yields = t->yields;
	e->empty_waits = t->empty_waits;
	e->ready_waits = t->ready_waits;
	e->empty_reads = t->empty_reads;
	if (t->waking_ns && t->wake_level == WP_LEVEL_task) {
		e->waker_tid = t->waker_tid;
		e->waker_comm = t->waker_comm;
	}
	if (prev) {
		e->prev_tid = prev->pid;
		copy_comm(&e->prev_comm, prev);
	}
	end_record(c, WP_HOOK_sched__switch, e);
forget:
	waits_no_more(t);
	t->waking_ns = 0;
	t->runnable_ns = 0;
	t->wake_delivery = 0;
}

/* A thread that polls a card: "napi/eth0-8193", where the device's `threaded` is set. */
static __always_inline bool is_napi_thread(const struct task_struct *task)
{
	return (task->flags & PF_KTHREAD) && task->comm[0] == 'n' && task->comm[1] == 'a' && task->comm[3] == 'i' &&
	       task->comm[4] == '/';
}

/* The thread that a forced-threaded handler runs in: it raises, and often runs, what the handler would have. */
static __always_inline bool is_handler_thread(const struct task_struct *task)
{
	return (task->flags & PF_KTHREAD) && task->comm[0] == 'i' && task->comm[1] == 'r' && task->comm[2] == 'q' &&
	       task->comm[3] == '/';
}

/* Note who runs on this CPU from now on. */
static __always_inline void settle(struct cpu_state *c, struct task_struct *task, struct task_state *t)
{
	c->tid = task->pid;
	c->who = t ? WHO_WATCHED : task->tgid == config.self_pid ? WHO_SELF : WHO_OTHER;
	c->slept = t ? t->slept : 0;
	c->calls = 0;
}

/*
 * Not every switch is reported: seen on 6.18 after tasks of the machine's own agent ran, for ftrace
 * and BPF alike. So whoever relies on the last switch first looks whether it still holds. Called in a
 * task's context only, where no switch can come in between: the counters of sched__switch keep one writer.
 */
static __noinline void catch_up(struct cpu_state *c, struct task_struct *current)
{
	struct task_state *t = current->flags & PF_KTHREAD ? NULL : task_of(c, WP_HOOK_sched__switch, current);

	settle(c, current, t);
	if (!t)
		return;
	count(c, WP_HOOK_sched__switch, WP_FIRED);
	announce_run(c, t, NULL, WP_RUN_UNSEEN);
}

/* Is the task that runs here watched, ours, or anybody's? */
static __always_inline u32 who_is_here(struct cpu_state *c)
{
	struct task_struct *current = bpf_get_current_task_btf();

	if (c->tid != current->pid)
		catch_up(c, current);
	return c->who;
}

/* Leave early: the task that runs here is not watched. */
static __always_inline bool current_unwatched(struct cpu_state *c, u32 hook)
{
	u32 who = who_is_here(c);

	if (who == WHO_WATCHED)
		return false;
	count(c, hook, who == WHO_SELF ? WP_SELF : WP_FILTERED);
	return true;
}

static __always_inline struct task_state *current_task_of(void)
{
	return state_of_task(bpf_get_current_task_btf());
}

/*
 * The number of the system call that a task is in; WP_MAX_SYSCALL and above: none. In user mode and in an
 * interrupt of it the register holds -1. The kernel's own threads, io_uring's among them, never came in.
 */
static __always_inline u32 call_number(struct task_struct *task)
{
	return task->flags & (PF_KTHREAD | PF_IO_WORKER) ? ~0U : syscall_number(saved_registers(task));
}

/* The same plus 1, 0: none. */
static __always_inline u16 call_plus_one(struct task_struct *task)
{
	u32 nr = call_number(task);

	return nr < WP_MAX_SYSCALL ? nr + 1 : 0;
}

/*
 * What tells the call a task is in from its next: number and first argument, its descriptor as a rule. 0: in none. The
 * next call that is the same in both sends on the same socket, and so begins a delivery of its own.
 */
static __always_inline u32 call_key(struct task_struct *task)
{
	u32 nr = call_plus_one(task);

	return nr ? nr | (u32)syscall_argument(saved_registers(task), 0) << 10 : 0;
}

/* What was noted of the calls of the task that runs here. A global function: the verifier goes through it once. */
__noinline int forget_notes(struct task_state *t, u32 nr)
{
	struct cpu_state *c = this_cpu();

	if (!c || !t)
		return 0;
	t->changes = signals.changes;
	t->enter_ns = 0;
	t->copied_ns = 0;
	t->xmit_ns = 0;
	t->segments = 0;
	t->held_exit_ns = 0;
	c->slept = c->slept && t->off_nr == nr + 1; /* in this call, not in one whose return was not watched */
	return 0;
}

/*
 * Where the level of detail has changed since this task's calls were last looked at, what was noted of a call then had
 * its other half unwatched. To be called by whoever relies on such a note, or makes one, first.
 */
static __always_inline void forget_after_change(struct task_state *t, u32 nr)
{
	if (t->changes == signals.changes)
		return;
	forget_notes(t, nr);
}

static __always_inline const volatile struct wp_call_info *call_info(u32 nr)
{
	if (nr >= WP_MAX_SYSCALL)
		nr = WP_NO_SYSCALL;
	barrier_var(nr); /* or the compiler takes the mask away, on which the verifier stands */
	return &calls[nr & (WP_MAX_SYSCALL - 1)];
}

static __always_inline s32 call_descriptor(const volatile struct wp_call_info *call, struct pt_regs *regs)
{
	return call->fd_arg < 6 ? (s32)syscall_argument(regs, call->fd_arg) : -1;
}

static __always_inline u32 call_watched(const volatile struct wp_call_info *call, struct pt_regs *regs)
{
	return call->count_arg < 6 ? (u32)syscall_argument(regs, call->count_arg) : 0;
}

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

#endif
