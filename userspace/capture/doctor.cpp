// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/capture/doctor.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <initializer_list>
#include <optional>

#include "userspace/capture/stand_ins.hpp"

namespace wp::capture {

namespace {

constexpr const char* kNoRights = "this kernel has it; it was not tried, for the rights are missing";
constexpr const char* kStandInNotTried = "whether a function can stand in was not tried, for the rights are missing";
constexpr const char* kRefused = "can't be attached";  // how Probes begins the reason of a hook that refuses

enum class Need {
  kAll,
  kAny
};

/// Which hooks give a stage.
struct StageRule {
  const char* name;
  Need need;
  std::vector<std::uint32_t> hooks;
  std::vector<std::uint32_t> through;  // what its facts need to reach a path
};

// In the order of a path. Everything before the socket travels with the packet, which `stack` notes, and
// leaves in the delivery's record.
std::vector<StageRule> stage_rules() {
  constexpr std::uint32_t kStack = WP_HOOK_stack__receive, kQueued = WP_HOOK_socket__data_ready;
  constexpr std::uint32_t kEnter = WP_HOOK_syscall__enter, kExit = WP_HOOK_syscall__exit,
                          kSwitch = WP_HOOK_sched__switch;
  return {
      {"hw", Need::kAll, {}, {}},
      {"irq", Need::kAll, {WP_HOOK_irq__entry, WP_HOOK_irq__exit}, {WP_HOOK_irq__softirq_entry, kStack, kQueued}},
      {"raise", Need::kAll, {WP_HOOK_irq__softirq_raise}, {WP_HOOK_irq__softirq_entry, kStack, kQueued}},
      {"softirq", Need::kAll, {WP_HOOK_irq__softirq_entry, WP_HOOK_irq__softirq_exit}, {kStack, kQueued}},
      {"driver",
       Need::kAny,
       {WP_HOOK_napi__gro_receive, WP_HOOK_napi__gro_frags, WP_HOOK_napi__receive, WP_HOOK_napi__receive_list,
        WP_HOOK_napi__netif_rx, WP_HOOK_socket__xmit},
       {kStack, kQueued}},
      {"stack", Need::kAll, {kStack}, {kQueued}},
      {"protocol", Need::kAll, {WP_HOOK_stack__tcp_probe}, {kQueued}},
      {"queued", Need::kAll, {kQueued}, {}},
      {"waking", Need::kAll, {WP_HOOK_sched__waking}, {kSwitch, kQueued}},
      {"runnable", Need::kAll, {WP_HOOK_sched__wakeup}, {kSwitch, kQueued}},
      {"running", Need::kAll, {kSwitch}, {kQueued}},
      {"returned", Need::kAll, {kExit}, {kEnter, kQueued}},
      {"read", Need::kAll, {kEnter}, {kExit, WP_HOOK_socket__recv_length, kQueued}},
      {"copied", Need::kAll, {WP_HOOK_socket__recv_length}, {kEnter, kExit, kQueued}},
      {"done", Need::kAll, {kExit}, {kEnter, WP_HOOK_socket__recv_length, kQueued}},
      {"reply", Need::kAll, {kEnter, kExit}, {kQueued}},
      {"xmit", Need::kAll, {WP_HOOK_socket__xmit}, {kEnter, kExit, kQueued}},
      {"accept", Need::kAll, {WP_HOOK_socket__set_state, kExit}, {kEnter}},
      {"drop", Need::kAny, {WP_HOOK_drop__kfree_skb, WP_HOOK_drop__rcvqueue_full}, {}},
  };
}

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::vector<HookFinding> hooks_by_btf(const std::optional<KernelFacts>& facts) {
  std::vector<HookFinding> findings = {
#define WP_ROW(number, name, tracepoint, stage, cost) \
  {{number, #name, tracepoint, stage, cost, false, kNoRights, 0, ""}, HookOutlook::kNotTried},
      WP_HOOKS(WP_ROW)
#undef WP_ROW
  };
  for (auto& [hook, outlook] : findings) {
    const bool is_iterator = hook.tracepoint.rfind("iter/", 0) == 0;
    if (facts && (is_iterator || facts->has_tracepoint(hook.tracepoint))) continue;
    if (facts && has_stand_in(hook.hook)) {
      hook.reason = "this kernel has no tracepoint " + hook.tracepoint + "; " + kStandInNotTried;
      continue;
    }
    outlook = HookOutlook::kMissing;
    hook.reason = facts ? "this kernel has no tracepoint " + hook.tracepoint : "without BTF no program can be loaded";
  }
  return findings;
}

// A hook that is there, was loaded and was not refused is attached later, when it is needed.
HookOutlook outlook_of(const HookState& hook, const KernelFacts& facts) {
  if (hook.attached) return HookOutlook::kAttached;
  const bool is_there = !hook.missing_tracepoint.empty() || facts.has_tracepoint(hook.tracepoint);
  if (hook.reason.rfind(kRefused, 0) == 0 || !is_there) return HookOutlook::kMissing;
  return HookOutlook::kWhenNeeded;
}

ProbeOptions options_without(std::vector<std::string> without) {
  ProbeOptions options;
  options.detail = WP_DETAIL_timeline;  // tried, though only --detail timeline uses them
  options.ring_bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  options.without = std::move(without);
  return options;
}

// The object is loaded as a whole, so one program that the kernel refuses spoils all. Loaded each by itself, they
// tell which.
void find_refused(Diagnosis& d, const KernelFacts& facts, const std::vector<std::string>& without) {
  for (auto& finding : d.hooks) {
    if (finding.outlook == HookOutlook::kMissing) continue;
    std::vector<std::string> others = without;
    for (const auto& other : d.hooks)
      if (other.hook.hook != finding.hook.hook) others.push_back(other.hook.name);
    auto probes = Probes::load(options_without(std::move(others)), facts);
    finding.hook.reason = probes ? "not attached: another program is refused" : probes.error().message;
    finding.outlook = HookOutlook::kMissing;
  }
}

void try_programs(Diagnosis& d, const KernelFacts& facts, const std::vector<std::string>& without) {
  auto probes = Probes::load(options_without(without), facts);
  if (!probes) {
    d.obstacle = probes.error().message;
    if (probes.error().code != ExitCode::kNotPermitted) find_refused(d, facts, without);
    return;
  }
  auto attached = (*probes)->attach();
  // Nobody is a target: this runs the iterators and finds nothing.
  if (attached) attached = (*probes)->find_existing({}, [] { return Result<void>(); });
  for (const HookState& hook : (*probes)->hooks()) d.hooks[hook.hook] = {hook, outlook_of(hook, facts)};
  if (!attached) d.obstacle = attached.error().message;
}

// One reason for everything: no hook needs a look of its own.
void give_up(Diagnosis& d) {
  d.obstacle = d.lacks;
  for (auto& finding : d.hooks) {
    finding.outlook = HookOutlook::kMissing;
    finding.hook.reason = "no program can be loaded here";
  }
}

void describe_wake_functions(Diagnosis& d, const KernelFacts& facts) {
  d.wake_functions = {{"ep_poll_callback", "epoll"},
                      {"pollwake", "select and poll"},
                      {"woken_wake_function", "blocking receive"},
                      {"receiver_wake_function", "blocking datagram receive"},
                      {"autoremove_wake_function", "accept"},
                      {"io_poll_wake", "io_uring"}};
  for (auto& function : d.wake_functions) function.known = facts.address_of(function.symbol) != 0;
}

Clock read_clock() {
  Clock clock;
  clock.source = first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  constexpr std::array kSlow = {"hpet", "acpi_pm", "jiffies", "refined-jiffies"};
  clock.slow = std::find(kSlow.begin(), kSlow.end(), clock.source) != kSlow.end();
  return clock;
}

bool available(const Diagnosis& d, std::uint32_t hook) { return d.hooks[hook].outlook != HookOutlook::kMissing; }

void add_hook_names(const Diagnosis& d, const StageRule& rule, std::string& how) {
  for (const std::uint32_t hook : rule.hooks) {
    if (!available(d, hook)) continue;
    how += (how.empty() ? "" : ", ") + d.hooks[hook].hook.tracepoint;
    if (const std::string& lacks = d.hooks[hook].hook.missing_tracepoint; !lacks.empty()) how += " for " + lacks;
    if (d.hooks[hook].outlook == HookOutlook::kWhenNeeded) how += " (when needed)";
  }
}

void say_missing(const Diagnosis& d, std::uint32_t hook, StageOutlook& stage) {
  stage.seen = false;
  stage.how.clear();
  stage.reason = d.hooks[hook].hook.tracepoint + ": " + d.hooks[hook].hook.reason;
  stage.cost = d.hooks[hook].hook.cost;
}

StageOutlook outlook_of(const Diagnosis& d, const StageRule& rule) {
  StageOutlook stage{rule.name, true, false, "", "", ""};
  if (rule.hooks.empty()) {
    stage.seen = false;
    stage.reason = "no program reads the time stamps of network cards";
    stage.cost = "paths begin at the interrupt";
    return stage;
  }
  add_hook_names(d, rule, stage.how);
  const auto is_missing = [&d](std::uint32_t hook) { return !available(d, hook); };
  const auto missing = std::find_if(rule.hooks.begin(), rule.hooks.end(), is_missing);
  const bool given = rule.need == Need::kAny ? !stage.how.empty() : missing == rule.hooks.end();
  const auto broken = std::find_if(rule.through.begin(), rule.through.end(), is_missing);
  if (!given)
    say_missing(d, *missing, stage);
  else if (broken != rule.through.end())
    say_missing(d, *broken, stage);
  stage.untried = stage.seen && !d.rights.enough();
  if (stage.untried) {
    stage.seen = false;
    stage.reason = kNoRights;
  }
  return stage;
}

void add_warnings(Diagnosis& d) {
  const auto warn = [&d](bool applies, const char* sentence) {
    if (applies) d.warnings.emplace_back(sentence);
  };
  const auto unknown =
      std::count_if(d.wake_functions.begin(), d.wake_functions.end(), [](const auto& f) { return !f.known; });
  warn(d.has_btf && unknown == static_cast<std::ptrdiff_t>(d.wake_functions.size()),
       "/proc/kallsyms shows no addresses (kernel.kptr_restrict, or CAP_SYSLOG is missing): how readers wait can't be "
       "told");
  warn(d.clock.slow, "the clock source is slow: every event costs microseconds; use tsc where the machine allows it");
  warn(d.realtime_kernel, "PREEMPT_RT: softirqs can be preempted, so what a CPU was doing is less certain");
  for (const auto& [hook, outlook] : d.hooks) {
    const bool weakens = hook.hook != WP_HOOK_socket__data_ready && outlook == HookOutlook::kMissing && d.usable();
    if (weakens) d.warnings.push_back(hook.tracepoint + " is missing: " + hook.cost);
  }
}

}  // namespace

const char* outlook_name(HookOutlook outlook) {
  switch (outlook) {
    case HookOutlook::kAttached: return "attached";
    case HookOutlook::kWhenNeeded: return "when_needed";
    case HookOutlook::kMissing: return "missing";
    case HookOutlook::kNotTried: return "not_tried";
  }
  return "";
}

Diagnosis diagnose(const std::vector<std::string>& without) {
  Diagnosis d;
  d.kernel = kernel_release();
  d.machine = machine();
  d.rights = read_rights();
  d.realtime_kernel = first_line("/sys/kernel/realtime") == "1";
  d.clock = read_clock();
  std::optional<KernelFacts> facts;
  if (auto read = KernelFacts::read())
    facts.emplace(std::move(*read));
  else
    d.obstacle = read.error().message;
  d.has_btf = facts.has_value();
  d.hooks = hooks_by_btf(facts);
  if (facts) describe_wake_functions(d, *facts);
  if (!d.rights.enough())
    d.obstacle = "recording needs CAP_BPF and CAP_PERFMON, and finding the target CAP_SYS_PTRACE; run it as root";
  else if (d.lacks = missing_ground(); !d.lacks.empty())
    give_up(d);
  else if (facts)
    try_programs(d, *facts, without);
  if (d.usable()) d.obstacle = foreign_namespace();
  for (const StageRule& rule : stage_rules()) d.stages.push_back(outlook_of(d, rule));
  add_warnings(d);
  return d;
}

}  // namespace wp::capture
