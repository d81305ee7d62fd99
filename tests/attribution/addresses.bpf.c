/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How often the kernel gives the address of a struct sock anew: counted where a server's connections are established.
 */
#include "kernel.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define SYN_RECV 3
#define ESTABLISHED 1

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1 << 20);
  __type(key, u64);
  __type(value, u64);
} seen SEC(".maps");

const volatile unsigned int port = 0;
unsigned long long connections, again, no_room;

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(count_addresses, struct sock* sk, int from, int to) {
  u64 address = (u64)sk, one = 1;

  if (from != SYN_RECV || to != ESTABLISHED || sk->__sk_common.skc_num != port) return 0;
  __sync_fetch_and_add(&connections, 1);
  if (bpf_map_lookup_elem(&seen, &address))
    __sync_fetch_and_add(&again, 1);
  else if (bpf_map_update_elem(&seen, &address, &one, BPF_ANY))
    __sync_fetch_and_add(&no_room, 1);
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
