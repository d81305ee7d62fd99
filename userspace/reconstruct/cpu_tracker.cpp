// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/reconstruct/cpu_tracker.hpp"

#include <algorithm>

namespace wp::reconstruct {

void CpuTracker::on(const wp_run& r) {
  if (r.flags & WP_RUN_UNSEEN) return;  // when it got the CPU, and from whom, is not known
  add(r.h.cpu, {r.h.ts_ns, r.prev_tid, r.tid, r.prev_comm});
}

void CpuTracker::on(const wp_cpu_switch& r) { add(r.h.cpu, {r.h.ts_ns, r.prev_tid, r.next_tid, r.prev_comm}); }

void CpuTracker::add(std::uint32_t cpu, const Switch& s) {
  if (cpu >= kMostCpus) return;
  if (cpu >= cpus_.size()) cpus_.resize(cpu + 1U);
  std::deque<Switch>& switches = cpus_[cpu];
  switches.push_back(s);
  if (switches.size() > kSwitchesKept) switches.pop_front();
}

std::vector<Occupancy> CpuTracker::occupants(std::uint32_t cpu, std::uint64_t from_ns, std::uint64_t on_ns,
                                             bool all_seen) const {
  std::vector<Occupancy> found;
  if (cpu >= cpus_.size()) return found;
  const auto& switches = cpus_[cpu];
  auto at = std::find_if(switches.rbegin(), switches.rend(), [on_ns](const Switch& s) { return s.at_ns <= on_ns; });
  if (at == switches.rend() || at->at_ns != on_ns) return found;
  std::uint64_t until_ns = on_ns;
  for (; at != switches.rend() && until_ns > from_ns; ++at) {
    const auto before = at + 1;
    const bool is_last = before == switches.rend() || before->at_ns <= from_ns;
    const std::uint64_t since_ns = is_last ? from_ns : before->at_ns;
    const bool follows = !is_last && before->next_tid == at->prev_tid;
    if (since_ns < until_ns) found.push_back({since_ns, until_ns, at->prev_tid, at->prev_comm, !all_seen && !follows});
    until_ns = since_ns;
  }
  std::reverse(found.begin(), found.end());
  return found;
}

std::vector<Occupancy> CpuTracker::seen_between(std::uint32_t cpu, std::uint64_t from_ns, std::uint64_t to_ns) const {
  std::vector<Occupancy> found;
  if (cpu >= cpus_.size()) return found;
  const Switch* before = nullptr;
  const auto& switches = cpus_[cpu];
  auto at = std::lower_bound(switches.begin(), switches.end(), from_ns,
                             [](const Switch& s, std::uint64_t ns) { return s.at_ns < ns; });
  for (; at != switches.end() && at->at_ns <= to_ns; ++at) {
    if (before && before->next_tid == at->prev_tid)
      found.push_back({before->at_ns, at->at_ns, at->prev_tid, at->prev_comm, false});
    before = &*at;
  }
  return found;
}

}  // namespace wp::reconstruct
