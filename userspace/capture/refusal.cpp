// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/capture/refusal.hpp"

#include <sys/resource.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "userspace/capture/kernel_facts.hpp"

namespace wp::capture {

namespace {

Error not_permitted(const std::string& why) { return {ExitCode::kNotPermitted, why}; }

// The value of a line "Name:<tab>value" of /proc/self/status; empty: it can't be read.
std::string own_status(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind(name + ":", 0) == 0) return line.substr(line.find_first_not_of(" \t", name.size() + 1));
  return "";
}

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// In the first user namespace every id is itself: "0 0 4294967295".
bool in_user_namespace() {
  std::ifstream map("/proc/self/uid_map");
  unsigned long inside = 0, outside = 0, count = 0;
  return map >> inside >> outside >> count && (inside != 0 || outside != 0 || count != 4294967295UL);
}

std::optional<Error> missing_rights() {
  const Rights rights = read_rights();
  if (rights.enough()) return std::nullopt;
  const std::string missing = !rights.cap_bpf && !rights.cap_perfmon ? "CAP_BPF and CAP_PERFMON are"
                              : !rights.cap_bpf                      ? "CAP_BPF is"
                                                                     : "CAP_PERFMON is";
  return not_permitted("recording needs CAP_BPF and CAP_PERFMON, and " + missing + " missing (CapEff " +
                       own_status("CapEff") + " in /proc/self/status); run it with sudo, or give it these two");
}

}  // namespace

std::optional<Error> known_obstacle() {
  if (own_status("CapEff").empty())
    return not_permitted(
        "/proc/self/status can't be read, and without /proc no target can be found; mount proc on /proc");
  if (in_user_namespace())
    return not_permitted(
        "in this user namespace the kernel grants no CAP_BPF, whatever it is called inside "
        "(/proc/self/uid_map is not that of the host); record from the host");
  return missing_rights();
}

Error explain_refusal(int error, const std::string& first_words) {
  const bool is_denied = error == EPERM || error == EACCES;
  if (is_denied)
    if (auto obstacle = known_obstacle()) return *obstacle;
  if (is_denied && read_rights().lockdown == "confidentiality")
    return not_permitted(
        "the kernel is locked down (/sys/kernel/security/lockdown: confidentiality), so programs may not "
        "read its memory; boot with lockdown=integrity, or without");
  if (is_denied && own_status("Seccomp") == "2")
    return not_permitted(
        "a seccomp filter (Seccomp: 2 in /proc/self/status) forbids bpf(2), as container runtimes do; "
        "start the container with bpf allowed, or record from the host");
  // libbpf says it in words where one of its own trials of the kernel fails so
  if (error == EMFILE || first_words.find(std::strerror(EMFILE)) != std::string::npos) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    return {ExitCode::kError, "too few descriptors for the programs and maps (RLIMIT_NOFILE is " +
                                  std::to_string(limit.rlim_cur) + "); raise it with `ulimit -n 256`"};
  }
  if (error == ENOSYS)
    return not_permitted("this kernel has no bpf(2) (CONFIG_BPF_SYSCALL is off); use a distribution's kernel");
  const std::string paranoid = first_line("/proc/sys/kernel/unprivileged_bpf_disabled");
  return {is_denied ? ExitCode::kNotPermitted : ExitCode::kError,
          "the kernel refused a program (" + std::string(std::strerror(error)) + "): " + first_words +
              "; `wakepath doctor` tells what this kernel offers, `-v` shows the verifier's words" +
              (is_denied && !paranoid.empty() ? " (kernel.unprivileged_bpf_disabled is " + paranoid + ")" : "")};
}

}  // namespace wp::capture
