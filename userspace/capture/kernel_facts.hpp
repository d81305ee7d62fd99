// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What the running kernel has: its types (BTF), its symbols, our rights. Found by looking, never by version.
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "userspace/base/result.hpp"

struct btf;

namespace wp::capture {

/// The rights that recording needs, each true when this process has it.
struct Rights {
  bool cap_bpf = false;      ///< or CAP_SYS_ADMIN
  bool cap_perfmon = false;  ///< or CAP_SYS_ADMIN
  std::string lockdown;      ///< "none", "integrity", "confidentiality", or empty: not readable
  [[nodiscard]] bool enough() const { return cap_bpf && cap_perfmon; }
};
Rights read_rights();

/// Why this process's namespaces make recording impossible, and what to do; empty: they don't. The programs know the
/// kernel's own process ids and clock.
std::string foreign_namespace();

/// What this kernel lacks without which no program of ours works, tried with the rights we have; empty: nothing.
std::string missing_ground();

std::string kernel_release();
std::string machine();

class KernelFacts {
 public:
  /// Fails with kNotPermitted where the kernel offers no BTF.
  static Result<KernelFacts> read();

  [[nodiscard]] bool has_tracepoint(const std::string& name) const { return tracepoint_args(name).has_value(); }
  /// Number of arguments a BTF tracepoint passes; nullopt where the kernel lacks it.
  [[nodiscard]] std::optional<unsigned> tracepoint_args(const std::string& name) const;
  /// Has this struct of the kernel's such a member? One inside an unnamed struct or union of it counts.
  [[nodiscard]] bool has_member(const std::string& type, const std::string& member) const;
  /// Can fentry and fexit programs be put on this kernel function? Found by putting an empty one there for a moment.
  [[nodiscard]] bool can_enter_functions(const std::string& function) const;
  /// Can kprobe programs be put on it? Found likewise.
  [[nodiscard]] static bool can_probe_functions(const char* function);
  /// Address of a kernel function, 0: unknown or not readable.
  [[nodiscard]] std::uint64_t address_of(const std::string& symbol) const;
  /// Symbol that starts at an address or contains it; empty: unknown.
  [[nodiscard]] std::string symbol_at(std::uint64_t address) const;
  /// Name of a value of `enum skb_drop_reason`, without its prefix; empty: unknown.
  [[nodiscard]] std::string drop_reason(std::uint32_t value) const;

 private:
  struct FreeBtf {
    void operator()(btf* b) const;
  };
  void read_symbols();

  std::unique_ptr<btf, FreeBtf> btf_;
  std::vector<std::pair<std::uint64_t, std::string>> symbols_;  // functions, by address
};

}  // namespace wp::capture
