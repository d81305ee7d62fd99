// SPDX-License-Identifier: GPL-2.0-or-later
#include "maps.bpf.h"

struct rings rings SEC(".maps");
struct cpus cpus SEC(".maps");
struct packets packets SEC(".maps");
struct irq_names irq_names SEC(".maps");
struct device_names device_names SEC(".maps");
struct timeline timeline SEC(".maps");
struct tasks tasks SEC(".maps");
struct socks socks SEC(".maps");
struct canaries_of_cpu canaries_of_cpu SEC(".maps");
struct targets targets SEC(".maps");
struct newborn newborn SEC(".maps");
struct stat_socks stat_socks SEC(".maps");
struct socks_by_address socks_by_address SEC(".maps");
struct stats stats SEC(".maps");
struct irq_threads irq_threads SEC(".maps");

const volatile struct wp_config config = {};
const volatile wp_u8 no_sock_state[sizeof(struct sock_state)] = {};
const volatile struct wp_call_info calls[WP_MAX_SYSCALL] = {};
struct wp_signals signals = {};
wp_u64 watched_ports[PORT_WORDS] = {};

/* The tracing helpers we call (task and socket storage, kernel reads) are for GPL-compatible programs only. */
char LICENSE[] SEC("license") = "GPL";
