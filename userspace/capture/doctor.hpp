// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What would be seen here, found out by doing it: the real programs are loaded and attached for a moment, with
// nobody to watch, and released. Where rights are missing, what can be read without them is said all the same.
#include <string>
#include <vector>

#include "userspace/capture/kernel_facts.hpp"
#include "userspace/capture/probes.hpp"

namespace wp::capture {

struct StageOutlook {
  std::string name;
  bool seen = false;
  bool untried = false;  ///< this kernel has the hooks, but we may not load programs
  std::string how;       ///< the hooks that give it, or would
  std::string reason;    ///< why it is not seen
  std::string cost;      ///< what is lost with it
};

enum class HookOutlook {
  kAttached,
  kWhenNeeded,  ///< loaded, and attached once something that needs it is met
  kMissing,     ///< `reason` says why
  kNotTried,    ///< this kernel has it, but we may not load programs
};
const char* outlook_name(HookOutlook outlook);  ///< "attached", "when_needed", ...

struct HookFinding {
  HookState hook;
  HookOutlook outlook = HookOutlook::kMissing;
};

/// A function whose address tells how a task waits.
struct WakeFunction {
  std::string symbol, mechanism;
  bool known = false;
};

struct Clock {
  std::string source;  ///< "tsc", "kvm-clock"; empty: not readable
  bool slow = false;   ///< reading it leaves the CPU: every event costs microseconds
};

struct Diagnosis {
  std::string kernel, machine;
  Rights rights;
  bool has_btf = false;
  bool realtime_kernel = false;  ///< PREEMPT_RT
  Clock clock;
  std::vector<WakeFunction> wake_functions;
  std::vector<HookFinding> hooks;
  std::vector<StageOutlook> stages;   ///< in the order of a path, then accept and drop
  std::vector<std::string> warnings;  ///< what makes a recording worse, one sentence each
  std::string lacks;                  ///< what the whole kernel lacks: no hook was tried; empty: nothing
  std::string obstacle;               ///< why recording is impossible; empty: it is possible

  [[nodiscard]] bool usable() const { return obstacle.empty(); }
};

/// without: as ProbeOptions has it.
Diagnosis diagnose(const std::vector<std::string>& without = {});

}  // namespace wp::capture
