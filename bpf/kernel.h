/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel types we read, and of each only the fields we read.
 *
 * CO-RE relocates every access against the running kernel's BTF, so neither the order nor the
 * completeness of these structs matters. Written by hand instead of generated: it is the same on
 * every build machine, and it is the list of what we look at. Field differences between kernels
 * belong into compat.bpf.h.
 */
#ifndef WP_KERNEL_H
#define WP_KERNEL_H

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
typedef __u32 __wsum;
typedef _Bool bool;
#define true 1
#define false 0
#define NULL ((void *)0)

enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_SK_STORAGE = 24,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
};
enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_F_NO_PREALLOC = 1,
	BPF_F_CLONE = 512,
	BPF_F_MMAPABLE = 1024,
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1,
	BPF_RB_NO_WAKEUP = 1,
};

#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT 2
#define TCP_SYN_RECV 3
#define TCP_CLOSE 7
#define TCP_LISTEN 10
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define AF_PACKET 17
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define IPPROTO_TCP 6
#define RCV_SHUTDOWN 1
#define MSG_OOB 1
#define MSG_PEEK 2
#define PF_KTHREAD 0x00200000
#define PF_IO_WORKER 0x00000010
#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define S_IFIFO 0010000
#define NET_RX_SOFTIRQ 3
#define IRQ_WAKE_THREAD 2
#define TASK_RTLOCK_WAIT 0x1000
#define WQ_FLAG_EXCLUSIVE 1
#define IFF_LOOPBACK 8

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head {
	struct list_head *next, *prev;
};
struct pt_regs {
#if defined(__TARGET_ARCH_x86)
	unsigned long bp, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp;
#elif defined(__TARGET_ARCH_arm64)
	u64 regs[31];
	u64 sp, pc, pstate;
	u64 orig_x0;
	s32 syscallno;
#endif
};

/* tasks, files */
struct bpf_local_storage;
struct super_block;
struct inode {
	u16 i_mode;
	unsigned long i_ino;
};
struct file {
	void *private_data;
	struct inode *f_inode;
};
struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};
struct files_struct {
	struct fdtable *fdt;
};
struct thread_info {
	u32 cpu;
};
struct sched_entity {
	u64 sum_exec_runtime;
};
struct task_struct {
	struct thread_info thread_info;
	unsigned int cpu; /* here before 5.16 */
	unsigned int on_cpu; /* an int, from 7.3 on a u8: CO-RE fits the size of what is unsigned only */
	unsigned int __state;
	struct sched_entity se;
	unsigned int flags;
	s32 pid;
	s32 tgid;
	u64 start_time;
	int exit_code;
	char comm[16];
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct files_struct *files;
	struct signal_struct *signal;
	struct sighand_struct *sighand;
	void *stack;
	struct bpf_local_storage *bpf_storage;
};
struct linux_binprm;
struct kernfs_node {
	u64 id;
};
struct cgroup {
	struct kernfs_node *kn;
};

/* interrupts and packets */
struct irqaction {
	const char *name;
};
struct ns_common {
	unsigned int inum;
};
struct net {
	struct ns_common ns;
};
typedef struct {
	struct net *net;
} possible_net_t;
struct rtnl_link_ops {
	const char *kind;
};
struct device_driver {
	const char *name;
};
struct device {
	struct device *parent;
	struct device_driver *driver;
};
struct net_device {
	int ifindex;
	unsigned int flags;
	char name[16];
	possible_net_t nd_net;
	const struct rtnl_link_ops *rtnl_link_ops;
	struct device dev;
};
struct napi_struct {
	struct net_device *dev;
	unsigned int napi_id;
};
struct sk_buff {
	struct net_device *dev;
	struct sock *sk;
	unsigned int len;
	u16 queue_mapping;
	unsigned int napi_id;
	u16 transport_header;
	char cb[48];
	unsigned char *head;
	unsigned char *data;
	unsigned int end;
};
struct skb_shared_info {
	unsigned short gso_size;
	unsigned short gso_segs;
};

/* sockets */
typedef struct {
	s64 counter;
} atomic64_t;
struct in6_addr {
	union {
		u8 u6_addr8[16];
	} in6_u;
};
struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	u16 skc_num;
	unsigned short skc_family;
	unsigned char skc_state;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	possible_net_t skc_net;
	atomic64_t skc_cookie;
};
struct tcp_skb_cb { /* what sk_buff.cb holds while TCP has the packet */
	u32 seq;
};
struct sk_buff_list {
	struct sk_buff *next;
	struct sk_buff *prev;
};
struct sk_buff_head {
	struct sk_buff *next;
	struct sk_buff *prev;
	u32 qlen;
};
struct socket_wq;
struct msghdr;
struct socket {
	struct file *file;
	struct sock *sk;
};
struct sock {
	struct sock_common __sk_common;
	struct bpf_local_storage *sk_bpf_storage;
	struct sk_buff_head sk_receive_queue;
	struct socket_wq *sk_wq;
	struct socket *sk_socket;
	u16 sk_type;
	u16 sk_protocol;
	u8 sk_shutdown;
	struct {
		int owned;
	} sk_lock;
};
struct tcp_sock {
	u32 rcv_nxt;
	u32 copied_seq;
	u32 urg_seq;
	u32 packets_out;
	u64 bytes_received;
	u64 tcp_wstamp_ns;
	u64 tcp_clock_cache;
};

struct unix_sock {
	int inq_len;
};

/* signals */
struct kernel_siginfo {
	int si_code;
};
struct sigaction {
	void *sa_handler;
	unsigned long sa_flags;
};
struct k_sigaction {
	struct sigaction sa;
};
struct sighand_struct {
	struct k_sigaction action[64];
};
typedef struct {
	int counter;
} atomic_t;
struct signal_struct {
	atomic_t live;
};

/* wait queues */
typedef int (*wait_queue_func_t)(void);
struct wait_queue_entry {
	unsigned int flags;
	void *private;
	wait_queue_func_t func;
	struct list_head entry;
};
typedef struct wait_queue_entry wait_queue_entry_t;
struct wait_queue_head {
	struct list_head head;
};
typedef struct wait_queue_head wait_queue_head_t;
struct socket_wq {
	wait_queue_head_t wait;
};
struct epoll_filefd {
	struct file *file;
	int fd;
} __attribute__((packed));
struct eventpoll {
	wait_queue_head_t wq;
};
struct epitem {
	struct epoll_filefd ffd;
	struct eventpoll *ep;
};
struct eppoll_entry {
	struct epitem *base;
	wait_queue_entry_t wait;
};
struct poll_wqueues {
	struct task_struct *polling_task;
};
struct io_uring_task {
	struct task_struct *task;
};
struct io_kiocb {
	struct io_uring_task *tctx;
};

/* iterators */
struct seq_file;
struct bpf_iter_meta {
	struct seq_file *seq;
};
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};
struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	u32 fd;
	struct file *file;
};

#pragma clang attribute pop

#endif
