// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/capture/kernel_facts.hpp"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

namespace wp::capture {

namespace {

constexpr std::array<bpf_insn, 2> kLeave{bpf_insn{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0},
                                         bpf_insn{BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};  // a program: return 0

bool has_capability(std::uint64_t effective, unsigned bit) { return (effective >> bit) & 1U; }

std::uint64_t effective_capabilities() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("CapEff:", 0) == 0) return std::stoull(line.substr(7), nullptr, 16);
  return 0;
}

// "none [integrity] confidentiality": the chosen one stands in brackets.
std::string read_lockdown() {
  std::ifstream file("/sys/kernel/security/lockdown");
  std::string line;
  std::getline(file, line);
  const auto open = line.find('['), close = line.find(']');
  return open == std::string::npos || close == std::string::npos ? "" : line.substr(open + 1, close - open - 1);
}

// The first one's inode number is the same in every kernel: PROC_PID_INIT_INO in linux/proc_ns.h.
bool in_first_pid_namespace() {
  constexpr ino_t kFirst = 0xEFFFFFFCU;
  struct stat info {};
  return stat("/proc/self/ns/pid", &info) != 0 || info.st_ino == kFirst;
}

bool has_shifted_clock() {
  std::ifstream offsets("/proc/self/timens_offsets");
  long long seconds = 0, nanoseconds = 0;
  for (std::string name; offsets >> name >> seconds >> nanoseconds;)
    if (name == "monotonic") return seconds != 0 || nanoseconds != 0;
  return false;
}

bool contains(const btf& types, __u32 id, const std::string& member) {
  const btf_type* type = btf__type_by_id(&types, id);
  if (!type || !btf_is_composite(type)) return false;
  for (__u32 i = 0; i < btf_vlen(type); ++i) {
    const btf_member& one = btf_members(type)[i];
    if (one.name_off ? member == btf__name_by_offset(&types, one.name_off) : contains(types, one.type, member))
      return true;
  }
  return false;
}

}  // namespace

std::string foreign_namespace() {
  if (!in_first_pid_namespace())
    return "in this PID namespace process ids are not the kernel's, which the programs know; record from the host, or "
           "start the "
           "container with its PID namespace";
  if (has_shifted_clock())
    return "in this time namespace CLOCK_MONOTONIC is not the kernel's, which the programs use; record from outside of "
           "it";
  return "";
}

Rights read_rights() {
  const std::uint64_t effective = effective_capabilities();
  const bool admin = has_capability(effective, CAP_SYS_ADMIN);
  return {admin || has_capability(effective, CAP_BPF), admin || has_capability(effective, CAP_PERFMON),
          read_lockdown()};
}

std::string missing_ground() {
  if (!read_rights().enough() || libbpf_probe_bpf_map_type(BPF_MAP_TYPE_TASK_STORAGE, nullptr) != 0) return "";
  return "this kernel has no storage for tasks (BPF_MAP_TYPE_TASK_STORAGE), in which the programs keep what they know "
         "of each; use Linux 5.13 or later";
}

std::string kernel_release() {
  utsname name{};
  return uname(&name) == 0 ? name.release : "";
}

std::string machine() {
  utsname name{};
  return uname(&name) == 0 ? name.machine : "";
}

void KernelFacts::FreeBtf::operator()(btf* b) const { btf__free(b); }

Result<KernelFacts> KernelFacts::read() {
  KernelFacts facts;
  const libbpf_print_fn_t print = libbpf_set_print(nullptr);  // its own words on stderr say less than ours
  facts.btf_.reset(btf__load_vmlinux_btf());
  libbpf_set_print(print);
  if (!facts.btf_)
    return Error{
        ExitCode::kNotPermitted,
        "this kernel has no BTF (/sys/kernel/btf/vmlinux can't be read), without which no program can be loaded; "
        "use a kernel built with CONFIG_DEBUG_INFO_BTF=y, as all current distributions' are"};
  facts.read_symbols();
  return facts;
}

void KernelFacts::read_symbols() {
  std::ifstream file("/proc/kallsyms");
  symbols_.reserve(1U << 17U);
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::uint64_t address = 0;
    char type = 0;
    std::string name;
    fields >> std::hex >> address >> type >> name;
    if (address && (type == 't' || type == 'T' || type == 'w' || type == 'W')) symbols_.emplace_back(address, name);
  }
  std::stable_sort(symbols_.begin(), symbols_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
}

std::optional<unsigned> KernelFacts::tracepoint_args(const std::string& name) const {
  const int id = btf__find_by_name_kind(btf_.get(), ("btf_trace_" + name).c_str(), BTF_KIND_TYPEDEF);
  if (id < 0) return std::nullopt;
  const btf_type* pointer = btf__type_by_id(btf_.get(), btf__type_by_id(btf_.get(), static_cast<__u32>(id))->type);
  const btf_type* proto = pointer ? btf__type_by_id(btf_.get(), pointer->type) : nullptr;
  if (!proto || !btf_is_func_proto(proto) || btf_vlen(proto) == 0) return std::nullopt;
  return btf_vlen(proto) - 1U;  // the first is the tracepoint's own data pointer
}

bool KernelFacts::has_member(const std::string& type, const std::string& member) const {
  const int id = btf__find_by_name_kind(btf_.get(), type.c_str(), BTF_KIND_STRUCT);
  return id > 0 && contains(*btf_, static_cast<__u32>(id), member);
}

bool KernelFacts::can_enter_functions(const std::string& function) const {
  const int id = btf__find_by_name_kind(btf_.get(), function.c_str(), BTF_KIND_FUNC);
  if (id <= 0) return false;
  bpf_prog_load_opts options{};
  options.sz = sizeof(options);
  options.expected_attach_type = BPF_TRACE_FENTRY;
  options.attach_btf_id = static_cast<__u32>(id);
  const int program = bpf_prog_load(BPF_PROG_TYPE_TRACING, "wp_probe", "GPL", kLeave.data(), kLeave.size(), &options);
  if (program < 0) return false;
  const int link = bpf_raw_tracepoint_open(nullptr, program);
  if (link >= 0) ::close(link);
  ::close(program);
  return link >= 0;
}

bool KernelFacts::can_probe_functions(const char* function) {
  perf_event_attr event{};
  event.size = sizeof event;
  if (!(std::ifstream("/sys/bus/event_source/devices/kprobe/type") >> event.type)) return false;
  event.kprobe_func = reinterpret_cast<std::uintptr_t>(function);
  const auto probe = static_cast<int>(syscall(SYS_perf_event_open, &event, -1, 0, -1, PERF_FLAG_FD_CLOEXEC));
  if (probe < 0) return false;
  const int program = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "wp_probe", "GPL", kLeave.data(), kLeave.size(), nullptr);
  const bool can = program >= 0 && ioctl(probe, PERF_EVENT_IOC_SET_BPF, program) == 0;
  if (program >= 0) ::close(program);
  ::close(probe);
  return can;
}

std::uint64_t KernelFacts::address_of(const std::string& symbol) const {
  const auto it = std::find_if(symbols_.begin(), symbols_.end(), [&](const auto& s) { return s.second == symbol; });
  return it == symbols_.end() ? 0 : it->first;
}

std::string KernelFacts::symbol_at(std::uint64_t address) const {
  auto it = std::upper_bound(symbols_.begin(), symbols_.end(), address,
                             [](std::uint64_t a, const auto& s) { return a < s.first; });
  if (it == symbols_.begin()) return "";
  return std::prev(it)->second;
}

std::string KernelFacts::drop_reason(std::uint32_t value) const {
  const int id = btf__find_by_name_kind(btf_.get(), "skb_drop_reason", BTF_KIND_ENUM);
  if (id < 0) return "";
  const btf_type* type = btf__type_by_id(btf_.get(), static_cast<__u32>(id));
  const auto* values = btf_enum(type);
  constexpr std::string_view kPrefix = "SKB_DROP_REASON_";
  for (unsigned i = 0; i < btf_vlen(type); ++i) {
    if (static_cast<std::uint32_t>(values[i].val) != value) continue;
    std::string name = btf__name_by_offset(btf_.get(), values[i].name_off);
    return name.rfind(kPrefix, 0) == 0 ? name.substr(kPrefix.size()) : name;
  }
  return "";
}

}  // namespace wp::capture
