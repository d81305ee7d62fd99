/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One helper per difference between kernels, with the change that made it. */
#ifndef WP_COMPAT_BPF_H
#define WP_COMPAT_BPF_H

#include "maps.bpf.h"

#define WP_EXISTS(weak_symbol) ((weak_symbol) != NULL)

/*
 * Follow a kernel pointer we were not handed as trusted. With bpf_rdonly_cast (6.2, commit
 * a35b9af4ec2c) the loads are plain, fault-tolerant instructions; without it a helper call each.
 */
extern void *bpf_rdonly_cast(const void *obj, u32 btf_id) __ksym __weak;

#define KREAD(type, pointer, field)                                                               \
	({                                                                                        \
		const void *p_ = (const void *)(pointer);                                         \
		typeof(((type *)0)->field) v_;                                                    \
		if (WP_EXISTS(bpf_rdonly_cast))                                                   \
			v_ = ((type *)bpf_rdonly_cast(p_, bpf_core_type_id_kernel(type)))->field; \
		else                                                                              \
			bpf_core_read(&v_, sizeof(v_), &((type *)p_)->field);                     \
		v_;                                                                               \
	})

/*
 * A field of a socket. Programs on kprobes are handed no typed pointer but a register: `by_kprobe`, a constant of every
 * function that reads sockets in both kinds of programs, tells which it is.
 */
#define SK(sk, field) (by_kprobe ? KREAD(struct sock, sk, field) : (sk)->field)

/* The CPU a task runs on, or ran on last (bcf9033e5449, 5.16, moved it). */
static __always_inline u32 cpu_of(struct task_struct *task)
{
	if (bpf_core_field_exists(task->thread_info.cpu))
		return task->thread_info.cpu;
	return task->cpu;
}

static __always_inline u32 syscall_number(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return (u32)KREAD(struct pt_regs, regs, orig_ax);
#elif defined(__TARGET_ARCH_arm64)
	return (u32)KREAD(struct pt_regs, regs, syscallno);
#endif
}

static __always_inline u64 syscall_argument(struct pt_regs *regs, u32 n)
{
#if defined(__TARGET_ARCH_x86)
	switch (n) {
	case 0: return KREAD(struct pt_regs, regs, di);
	case 1: return KREAD(struct pt_regs, regs, si);
	case 2: return KREAD(struct pt_regs, regs, dx);
	case 3: return KREAD(struct pt_regs, regs, r10);
	case 4: return KREAD(struct pt_regs, regs, r8);
	default: return KREAD(struct pt_regs, regs, r9);
	}
#elif defined(__TARGET_ARCH_arm64)
	switch (n) {
	case 0: return KREAD(struct pt_regs, regs, orig_x0);
	case 1: return KREAD(struct pt_regs, regs, regs[1]);
	case 2: return KREAD(struct pt_regs, regs, regs[2]);
	case 3: return KREAD(struct pt_regs, regs, regs[3]);
	case 4: return KREAD(struct pt_regs, regs, regs[4]);
	default: return KREAD(struct pt_regs, regs, regs[5]);
	}
#endif
}

/* Of the function a kprobe sits on: its first arguments, and at its return what it gives back. */
static __always_inline u64 function_argument(struct pt_regs *regs, u32 n)
{
#if defined(__TARGET_ARCH_x86)
	return n == 0 ? regs->di : n == 1 ? regs->si : regs->dx;
#elif defined(__TARGET_ARCH_arm64)
	return n == 0 ? regs->regs[0] : n == 1 ? regs->regs[1] : regs->regs[2];
#endif
}

static __always_inline u64 function_result(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return regs->ax;
#elif defined(__TARGET_ARCH_arm64)
	return regs->regs[0];
#endif
}

enum bpf_func_id___of_this_kernel { BPF_FUNC_task_pt_regs___of_this_kernel = 1000 };
#define THREAD_SIZE 16384

/*
 * What a task came into the kernel for. bpf_task_pt_regs is of 5.15 (commit dd6e10fbd9fb); before that the registers
 * are found where it finds them, at the top of the kernel stack.
 */
static __always_inline struct pt_regs *saved_registers(struct task_struct *task)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id___of_this_kernel, BPF_FUNC_task_pt_regs___of_this_kernel))
		return (struct pt_regs *)bpf_task_pt_regs(task);
	return task->stack + THREAD_SIZE - bpf_core_type_size(struct pt_regs);
}

#endif
