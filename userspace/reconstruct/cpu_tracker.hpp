// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Who ran on each CPU while somebody watched waited for it, and what ran over whom.
#include <cstdint>
#include <vector>

#include "bpf/wire/events.h"
#include "userspace/base/ring.hpp"

namespace wp::reconstruct {

/// A stretch of a wait for a CPU, and who had that CPU.
struct Occupancy {
  std::uint64_t from_ns = 0, to_ns = 0;
  std::uint32_t tid = 0;       ///< 0: idle
  wp_comm comm{};              ///< of `tid`
  bool only_one_seen = false;  ///< it ran at the end; others may have run before it
};

/// Interrupts and softirqs that ran over a task, without a switch.
struct Interruption {
  std::uint64_t from_ns = 0, to_ns = 0;
  std::uint32_t tid = 0;     ///< the task they ran over
  std::uint8_t what = 0;     ///< enum wp_slice
  std::uint32_t number = 0;  ///< interrupt line, or vector of the softirq
};

/// Switches on each CPU, as far as records tell: those to watched tasks, and all others while a watched task waited.
class CpuTracker {
 public:
  void on(const wp_run& record);
  void on(const wp_cpu_switch& record);
  void on(const wp_cpu_slice& record);

  /// Who had `cpu` from `from_ns` until the switch at `on_ns`, oldest first, without a gap between them; empty where
  /// that switch is no longer known. all_seen: every switch there was recorded since from_ns.
  [[nodiscard]] std::vector<Occupancy> occupants(std::uint32_t cpu, std::uint64_t from_ns, std::uint64_t on_ns,
                                                 bool all_seen) const;
  /// Who had `cpu` between the switches on it that fall into the interval; what no two of them enclose is left out.
  [[nodiscard]] std::vector<Occupancy> seen_between(std::uint32_t cpu, std::uint64_t from_ns,
                                                    std::uint64_t to_ns) const;
  /// Whether any interruption was recorded at all.
  [[nodiscard]] bool has_interruptions() const { return !interruptions_.empty(); }
  /// What ran over `tid` on `cpu` within the interval and is cut to it, oldest first, none overlapping; nested ones
  /// count as the outermost. Only recordings with --detail timeline have any.
  [[nodiscard]] std::vector<Interruption> interruptions(std::uint32_t cpu, std::uint32_t tid, std::uint64_t from_ns,
                                                        std::uint64_t to_ns) const;

 private:
  static constexpr std::size_t kSwitchesKept = 4096;
  static constexpr std::size_t kMostCpus = 8192;

  struct Switch {
    std::uint64_t at_ns = 0;
    std::uint32_t prev_tid = 0, next_tid = 0;
    wp_comm prev_comm{};
  };
  void add(std::uint32_t cpu, const Switch& s);

  std::vector<Ring<Switch>> cpus_;
  std::vector<Ring<Interruption>> interruptions_;  ///< of each CPU
};

}  // namespace wp::reconstruct
