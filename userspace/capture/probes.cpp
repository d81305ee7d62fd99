// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/capture/probes.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/membarrier.h>
#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "userspace/capture/refusal.hpp"
#include "userspace/capture/stand_ins.hpp"
#include "userspace/capture/syscalls.hpp"
#include "wakepath.skel.h"

namespace wp::capture {

namespace {

// Programs on busy hooks that most recordings do not need, attached when what needs them is met.
constexpr const char* kNoCard = "not needed: nothing came from a device with interrupts";
struct Late {
  std::uint32_t hook;
  wp_u32 wp_signals::*asked;
  const char* until;
};
constexpr std::array kLate = {
    Late{WP_HOOK_socket__copy_datagram, &wp_signals::datagrams, "not needed: no datagram socket was read"},
    Late{WP_HOOK_irq__softirq_raise, &wp_signals::real_device, kNoCard},
    Late{WP_HOOK_irq__softirq_exit, &wp_signals::real_device, kNoCard},
    Late{WP_HOOK_stack__tcp_probe, &wp_signals::real_device, kNoCard},
    Late{WP_HOOK_socket__send_length, &wp_signals::ring, "not needed: io_uring received for no target"},
    Late{WP_HOOK_napi__netif_rx, &wp_signals::no_driver, "not needed: every driver was seen by other hooks"},
};

// Attached from the start, so that the first packet of a card is known in full.
bool for_cards(const Late& later) { return later.asked == &wp_signals::real_device; }

const Late* late(std::uint32_t hook) {
  const auto it = std::find_if(kLate.begin(), kLate.end(), [&](const Late& l) { return l.hook == hook; });
  return it == kLate.end() ? nullptr : &*it;
}

// With `stat`: programs that add up, in place of those that make records. What else runs only finds tasks and sockets.
struct Counting {
  std::uint32_t hook;
  const char* program;
};
constexpr std::array kCounting = {
    Counting{WP_HOOK_socket__data_ready, "stat__data_ready"},
    Counting{WP_HOOK_socket__recv_length, "stat__recv_length"},
    Counting{WP_HOOK_sched__waking, "stat__waking"},
    Counting{WP_HOOK_sched__switch, "stat__switch"},
};

const Counting* counting(std::uint32_t hook) {
  const auto it = std::find_if(kCounting.begin(), kCounting.end(), [&](const Counting& c) { return c.hook == hook; });
  return it == kCounting.end() ? nullptr : &*it;
}

bool finds_targets(const HookState& hook) {
  return hook.stage == "start" || hook.hook == WP_HOOK_socket__set_state || hook.hook == WP_HOOK_process__fork ||
         hook.hook == WP_HOOK_process__exec || hook.hook == WP_HOOK_process__cgroup ||
         hook.hook == WP_HOOK_process__rename;
}

std::string program_name(const HookState& hook) {
  if (hook.counts) return counting(hook.hook)->program;
  const StandIn* other = stand_in(hook);
  return other ? other->program : hook.name;
}

// libbpf's own words, kept for the message of a failed load; at debug level they are shown as they come.
std::string& libbpf_words() {
  static std::string words;
  return words;
}

int keep_words(libbpf_print_level level, const char* format, va_list arguments) {
  std::array<char, 2048> line{};
  const int n = std::vsnprintf(line.data(), line.size(), format, arguments);
  std::string text(line.data());
  while (!text.empty() && text.back() == '\n') text.pop_back();
  if (level == LIBBPF_DEBUG)
    spdlog::trace("{}", text);
  else
    spdlog::debug("{}", text), libbpf_words() += text + "\n";
  return n;
}

std::string first_words() {
  const std::string& words = libbpf_words();
  return words.substr(0, words.find('\n'));
}

Error load_error(int code) { return explain_refusal(-code, first_words()); }

std::vector<HookState> hook_table() {
  return {
#define WP_ROW(number, name, tracepoint, stage, cost) {number, #name, tracepoint, stage, cost, false, "", 0, ""},
      WP_HOOKS(WP_ROW)
#undef WP_ROW
  };
}

// What paths can do without: instants that only a timeline shows.
bool is_detail(const HookState& hook) {
  return hook.stage == "timeline" || hook.hook == WP_HOOK_syscall__enter || hook.hook == WP_HOOK_sched__wakeup;
}

constexpr const char* kNoTimeline = "not needed: --detail timeline was not asked for";
constexpr const char* kNoCalls = "not needed: --detail light watches no system calls";

// Why a level of detail does without a hook; nullptr: it does not.
const char* not_for(wp_detail_level detail, const HookState& hook) {
  if (detail != WP_DETAIL_timeline && is_detail(hook)) return kNoTimeline;
  return detail == WP_DETAIL_light && hook.hook == WP_HOOK_syscall__exit ? kNoCalls : nullptr;
}

bool is_iterator(const HookState& hook) { return hook.tracepoint.rfind("iter/", 0) == 0; }

}  // namespace

Result<std::unique_ptr<Probes>> Probes::load(const ProbeOptions& options, const KernelFacts& facts) {
  std::unique_ptr<Probes> probes(new Probes());
  if (auto opened = probes->open(options, facts); !opened) return std::move(opened.error());
  return probes;
}

Result<void> Probes::open(const ProbeOptions& options, const KernelFacts& facts) {
  libbpf_set_print(keep_words);
  libbpf_words().clear();
  if (const std::string lacks = missing_ground(); !lacks.empty()) return Error{ExitCode::kNotPermitted, lacks};
  skeleton_ = wakepath_bpf::open(nullptr);
  if (!skeleton_) return load_error(-errno);
  hooks_ = hook_table();
  detail_ = options.detail;
  has_tcp_clock_ = facts.has_member("tcp_sock", "tcp_clock_cache");
  configure(options, facts);
  choose_hooks(options, facts);
  if (auto sized = size_maps(options); !sized) return sized;
  if (const int error = wakepath_bpf::load(skeleton_); error) return load_error(error);
  note_verifier_work();
  for (const HookState& hook : hooks_) program_fds_.push_back(bpf_program__fd(program(program_name(hook))));
  if (auto made = make_rings(options.ring_bytes, options.canary != WP_CANARY_OFF); !made) return made;
  if (!options.stat) warm_rings();
  return map_counters();
}

Probes::~Probes() {
  detach();
  rings_.clear();
  if (counters_) munmap(counters_, counters_bytes_);
  for (const int fd : ring_fds_) ::close(fd);
  if (skeleton_) wakepath_bpf::destroy(skeleton_);
}

void Probes::configure(const ProbeOptions& options, const KernelFacts& facts) {
  wp_config& c = skeleton_->rodata->config;
  c.self_pid = static_cast<wp_u32>(getpid());
  c.port = options.target.port;
  c.everything = options.target.everything;
  c.empty = options.empty;
  c.stat = options.stat;
  c.canary = options.canary;
  c.match_comm = !options.target.comm.empty();
  std::strncpy(c.comm.s, options.target.comm.c_str(), sizeof(c.comm.s) - 1);
  if (!options.target.cgroup.empty())
    if (auto id = cgroup_id(options.target.cgroup)) c.cgroup_id = *id;
  c.switch_state_arg = facts.tracepoint_args("sched_switch").value_or(0) >= 4;
  c.kfree_sk_arg = facts.tracepoint_args("kfree_skb").value_or(0) >= 4;
  c.fn_epoll = facts.address_of("ep_poll_callback");
  c.fn_poll = facts.address_of("pollwake");
  c.fn_woken = facts.address_of("woken_wake_function");
  c.fn_receiver = facts.address_of("receiver_wake_function");
  c.fn_autoremove = facts.address_of("autoremove_wake_function");
  c.fn_io_poll = facts.address_of("io_poll_wake");
  for (const Syscall& call : syscalls()) skeleton_->rodata->calls[call.nr] = call.info;
  skeleton_->bss->signals.light = detail_ == WP_DETAIL_light;
  skeleton_->bss->signals.ports_tell = !options.target.everything;
  skeleton_->bss->watched_ports[options.target.port / 64] = 1ULL << (options.target.port % 64);  // 0 is nobody's
}

void Probes::choose_hooks(const ProbeOptions& options, const KernelFacts& facts) {
  for (const StandIn& other : kStandIns) {
    bpf_program__set_autoload(program(other.program), false);
    if (other.companion) bpf_program__set_autoload(program(other.companion), false);
  }
  bpf_program__set_autoload(skeleton_->progs.ring__warm, !options.stat);
  for (const Counting& other : kCounting) bpf_program__set_autoload(program(other.program), options.stat);
  for (HookState& hook : hooks_) {
    const auto& without = options.without;
    if (std::find(without.begin(), without.end(), hook.name) != without.end())
      hook.reason = "left out by request";
    else if (options.stat && !counting(hook.hook) && !finds_targets(hook))
      hook.reason = "not needed: stat makes no paths";
    else if (const char* why = not_for(options.detail, hook))
      hook.reason = why;
    else if (options.stat && counting(hook.hook) && facts.has_tracepoint(hook.tracepoint))
      hook.counts = true;
    else if (!is_iterator(hook) && !facts.has_tracepoint(hook.tracepoint))
      replace(hook, options, facts);
    if (!hook.reason.empty() || !hook.missing_tracepoint.empty() || hook.counts)
      bpf_program__set_autoload(program(hook.name), false);
  }
}

void Probes::replace(HookState& hook, const ProbeOptions& options, const KernelFacts& facts) {
  const bool no_fentry = std::count(options.without.begin(), options.without.end(), kFentry) != 0;
  hook.reason = "this kernel has no tracepoint " + hook.tracepoint;
  for (const StandIn& other : kStandIns) {
    if (other.hook != hook.hook) continue;
    const bool can = other.is_kprobe ? facts.can_probe_functions(other.function)
                                     : !no_fentry && facts.can_enter_functions(other.function);
    if (!can) {
      hook.reason += std::string(", and ") + other.place + " can't stand in for it";
      continue;
    }
    hook.reason.clear();
    hook.missing_tracepoint = std::exchange(hook.tracepoint, other.place);
    bpf_program__set_autoload(program(other.program), true);
    if (other.companion) bpf_program__set_autoload(program(other.companion), true);
    if (other.is_kprobe) skeleton_->rodata->config.by_address = 1;
    return;
  }
}

Result<void> Probes::size_maps(const ProbeOptions& options) {
  const int possible = libbpf_num_possible_cpus();
  if (possible < 1) return Error{ExitCode::kError, "can't tell how many CPUs there are"};
  const auto cpus = static_cast<__u32>(possible);
  bpf_map__set_max_entries(skeleton_->maps.cpus, cpus);
  bpf_map__set_max_entries(skeleton_->maps.rings, cpus);
  if (options.stat) bpf_map__set_max_entries(skeleton_->maps.stats, cpus);
  if (options.target_room) bpf_map__set_max_entries(skeleton_->maps.targets, options.target_room);
  if (!skeleton_->rodata->config.by_address) bpf_map__set_max_entries(skeleton_->maps.socks_by_address, 1);
  for (__u32 i = 0; i < cpus; ++i) {
    const int fd =
        bpf_map_create(BPF_MAP_TYPE_RINGBUF, "wp_ring", 0, 0, static_cast<__u32>(options.ring_bytes), nullptr);
    if (fd == -EPERM || fd == -EMFILE) return load_error(fd);
    if (fd < 0)
      return Error{ExitCode::kError, "no ring of " + std::to_string(options.ring_bytes >> 20U) +
                                         " MiB per CPU to be had (" + std::strerror(-fd) + "); pass a smaller --ring"};
    ring_fds_.push_back(fd);
  }
  bpf_map__set_inner_map_fd(skeleton_->maps.rings, ring_fds_.front());
  return {};
}

// bpf_prog_info.verified_insns, which kernels tell since 5.16.
void Probes::note_verifier_work() {
  for (HookState& hook : hooks_) {
    bpf_prog_info info{};
    __u32 size = sizeof info;
    const int fd = bpf_program__fd(program(program_name(hook)));
    if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0) hook.verifier_instructions = info.verified_insns;
  }
}

Result<void> Probes::make_rings(std::size_t bytes, bool are_sealed) {
  for (__u32 cpu = 0; cpu < ring_fds_.size(); ++cpu) {
    const int error = bpf_map_update_elem(bpf_map__fd(skeleton_->maps.rings), &cpu, &ring_fds_[cpu], BPF_ANY);
    if (error) return Error{ExitCode::kError, std::string("place a ring: ") + std::strerror(-error)};
    auto ring = Ring::map(ring_fds_[cpu], bytes, are_sealed);
    if (!ring) return std::move(ring.error());
    rings_.push_back(std::move(*ring));
  }
  return {};
}

// Until every piece has been written to, before anything is attached.
void Probes::warm_rings() {
  std::vector<std::byte> nothing;
  for (unsigned cpu = 0; cpu < cpus(); ++cpu) {
    wp_warm what{cpu};
    bpf_test_run_opts run{};
    run.sz = sizeof run;
    run.ctx_in = &what;
    run.ctx_size_in = sizeof what;
    while (bpf_prog_test_run_opts(bpf_program__fd(skeleton_->progs.ring__warm), &run) == 0 && run.retval == 0) continue;
    rings_[cpu].drain(nothing);
  }
}

Result<void> Probes::map_counters() {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  counters_stride_ = (bpf_map__value_size(skeleton_->maps.cpus) + 7U) & ~7U;
  counters_bytes_ = (counters_stride_ * cpus() + page - 1) / page * page;
  void* memory = mmap(nullptr, counters_bytes_, PROT_READ, MAP_SHARED, bpf_map__fd(skeleton_->maps.cpus), 0);
  if (memory == MAP_FAILED) return Error{ExitCode::kError, std::string("map the counters: ") + std::strerror(errno)};
  counters_ = memory;
  return {};
}

const wp_cpu_counters& Probes::counters(unsigned cpu) const {
  return *reinterpret_cast<const wp_cpu_counters*>(static_cast<const std::byte*>(counters_) + cpu * counters_stride_);
}

bpf_program* Probes::program(const std::string& name) const {
  return bpf_object__find_program_by_name(skeleton_->obj, name.c_str());
}

// Programs that rely on others know by these whether those are attached.
void Probes::tell_of(const HookState& hook, wp_u32 is_attached) const {
  wp_signals& signals = skeleton_->bss->signals;
  if (hook.hook == WP_HOOK_irq__softirq_exit) __atomic_store_n(&signals.softirq_ends, is_attached, __ATOMIC_RELAXED);
  if (hook.hook == WP_HOOK_stack__tcp_probe) __atomic_store_n(&signals.tcp_probed, is_attached, __ATOMIC_RELAXED);
}

bool Probes::attach_one(HookState& hook) {
  const StandIn* other = stand_in(hook);
  bpf_link* companion = other && other->companion ? bpf_program__attach(program(other->companion)) : nullptr;
  bpf_link* link = other && other->companion && !companion ? nullptr : bpf_program__attach(program(program_name(hook)));
  if (!link) {
    hook.reason = std::string("can't be attached: ") + std::strerror(errno);
    bpf_link__destroy(companion);
    return false;
  }
  links_[hook.hook] = link;
  companions_[hook.hook] = companion;
  hook.attached = true;
  hook.reason.clear();
  tell_of(hook, 1);
  return true;
}

void Probes::detach_one(HookState& hook, const char* why) {
  tell_of(hook, 0);  // first: who relies on it must know before it is gone
  bpf_link__destroy(std::exchange(companions_[hook.hook], nullptr));
  bpf_link__destroy(std::exchange(links_[hook.hook], nullptr));
  hook.attached = false;
  hook.reason = why;
}

// Where no return of a call is watched, this is what ends a softirq's context.
bool Probes::needs_softirq_exit() const { return detail_ == WP_DETAIL_light; }

void Probes::set_detail(wp_detail_level detail) {
  const wp_detail_level before = std::exchange(detail_, detail);
  if (before == detail) return;
  wp_signals& signals = skeleton_->bss->signals;
  for (HookState& hook : hooks_)
    if ((hook.reason == kNoTimeline || hook.reason == kNoCalls) && !not_for(detail, hook)) attach_one(hook);
  HookState& softirq_exit = hooks_[WP_HOOK_irq__softirq_exit];
  if (needs_softirq_exit() && softirq_exit.reason == kNoCard) attach_one(softirq_exit);
  __atomic_store_n(&signals.light, detail == WP_DETAIL_light, __ATOMIC_RELEASE);
  __atomic_fetch_add(&signals.changes, 1U, __ATOMIC_RELEASE);
  for (HookState& hook : hooks_)
    if (const char* why = not_for(detail, hook); why && hook.attached) detach_one(hook, why);
  settle();
  __atomic_fetch_add(&signals.changes, 1U, __ATOMIC_RELEASE);  // what those still noted counts no more either
}

void Probes::set_sample(std::uint32_t n) { __atomic_store_n(&skeleton_->bss->signals.sample, n, __ATOMIC_RELEASE); }

Result<void> Probes::attach() {
  for (HookState& hook : hooks_) {
    if (!hook.reason.empty()) continue;
    if (is_iterator(hook)) {
      hook.attached = true;  // run by find_existing
    } else if (const Late* later = late(hook.hook); later && !for_cards(*later)) {
      hook.reason = later->until;
    } else if (!attach_one(hook) && hook.hook == WP_HOOK_socket__data_ready) {
      return Error{ExitCode::kNotPermitted, "sk_data_ready: " + hook.reason + "; without it there are no paths"};
    }
  }
  if (!hooks_[WP_HOOK_socket__data_ready].attached)
    return Error{ExitCode::kNotPermitted, hooks_[WP_HOOK_socket__data_ready].reason +
                                              ", without which there are no paths; see `wakepath doctor`"};
  return {};
}

Result<void> Probes::serve_signals(const Step& step) {
  wp_signals& signals = skeleton_->bss->signals;
  drop_card_hooks_if_unneeded();
  for (const Late& later : kLate) {
    HookState& hook = hooks_[later.hook];
    if (hook.attached || hook.reason != later.until || !__atomic_load_n(&(signals.*later.asked), __ATOMIC_RELAXED))
      continue;
    hook.reason.clear();
    attach_one(hook);
  }
  if (__atomic_exchange_n(&signals.rescan, 0, __ATOMIC_RELAXED)) return find_existing({}, step);
  return {};
}

// They fire for every packet, and on loopback say nothing: taken off once what comes is seen to come from
// virtual devices only.
void Probes::drop_card_hooks_if_unneeded() {
  wp_signals& signals = skeleton_->bss->signals;
  if (!__atomic_load_n(&signals.virtual_device, __ATOMIC_RELAXED) ||
      __atomic_load_n(&signals.real_device, __ATOMIC_RELAXED))
    return;
  for (const Late& later : kLate) {
    if (!for_cards(later) || !hooks_[later.hook].attached) continue;
    if (later.hook == WP_HOOK_irq__softirq_exit && needs_softirq_exit()) continue;
    if (later.hook == WP_HOOK_stack__tcp_probe && !has_tcp_clock_) continue;
    detach_one(hooks_[later.hook], later.until);
  }
}

// A program that was running when its link went is still to make its record and to count it. It runs with preemption
// off, so it has ended after a grace period, which is what this barrier is (membarrier(2), synchronize_rcu()).
void Probes::detach() {
  bool any = false;
  for (auto* links : {&companions_, &links_}) {
    for (bpf_link*& link : *links) {
      any |= link != nullptr;
      bpf_link__destroy(std::exchange(link, nullptr));
    }
  }
  if (any) settle();
}

void Probes::settle() {
  if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) != 0) usleep(50'000);  // nohz_full kernels refuse it
}

Probes::RunTime Probes::run_time(std::uint32_t hook) const {
  bpf_prog_info info{};
  __u32 length = sizeof info;
  if (program_fds_[hook] < 0 || bpf_obj_get_info_by_fd(program_fds_[hook], &info, &length)) return {};
  return {info.run_time_ns, info.run_cnt};
}

int Probes::count_run_time() { return bpf_enable_stats(BPF_STATS_RUN_TIME); }

int Probes::stats_fd() const { return bpf_map__fd(skeleton_->maps.stats); }

std::uint64_t Probes::lost_by_stat() const {
  std::uint64_t lost = 0;
  for (std::uint32_t hook = 0; hook < WP_HOOK_count; ++hook) {
    lost += missed(hook);
    for (unsigned cpu = 0; cpu < this->cpus(); ++cpu) lost += counters(cpu).count[hook][WP_MAP_FULL];
  }
  return lost;
}

std::uint64_t Probes::missed(std::uint32_t hook) const {
  const int fd = program_fds_[hook];
  bpf_prog_info info{};
  __u32 length = sizeof info;
  return fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &length) == 0 ? info.recursion_misses : 0;
}

}  // namespace wp::capture
