// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/reconstruct/cpu_tracker.hpp"

#include <algorithm>

namespace wp::reconstruct {

void CpuTracker::on(const wp_run& r) {
  if (r.flags & WP_RUN_UNSEEN) return;  // when it got the CPU, and from whom, is not known
  add(r.h.cpu, {r.h.ts_ns, r.prev_tid, r.tid, r.prev_comm});
}

void CpuTracker::on(const wp_cpu_switch& r) { add(r.h.cpu, {r.h.ts_ns, r.prev_tid, r.next_tid, r.prev_comm}); }

void CpuTracker::on(const wp_cpu_slice& r) {
  // A poll is a part of its softirq; of what began unseen it is not known how long it took.
  if (r.h.cpu >= kMostCpus || r.what == WP_SLICE_napi || !r.begin_ns || !r.tid) return;
  if (r.h.cpu >= interruptions_.size()) interruptions_.resize(r.h.cpu + 1U);
  Ring<Interruption>& known = interruptions_[r.h.cpu];
  while (!known.empty() && known.back().from_ns >= r.begin_ns) known.pop_back();  // it was nested in this one
  known.push_back({r.begin_ns, r.h.ts_ns, r.tid, static_cast<std::uint8_t>(r.what), r.number});
  if (known.size() > kSwitchesKept) known.pop_front();
}

void CpuTracker::add(std::uint32_t cpu, const Switch& s) {
  if (cpu >= kMostCpus) return;
  if (cpu >= cpus_.size()) cpus_.resize(cpu + 1U);
  Ring<Switch>& switches = cpus_[cpu];
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

std::vector<Interruption> CpuTracker::interruptions(std::uint32_t cpu, std::uint32_t tid, std::uint64_t from_ns,
                                                    std::uint64_t to_ns) const {
  std::vector<Interruption> found;
  if (cpu >= interruptions_.size()) return found;
  const auto& known = interruptions_[cpu];
  for (auto at = known.rbegin(); at != known.rend() && at->to_ns > from_ns; ++at) {
    if (at->tid != tid || at->from_ns >= to_ns) continue;
    found.push_back(*at);
    found.back().from_ns = std::max(at->from_ns, from_ns);
    found.back().to_ns = std::min(at->to_ns, found.size() > 1 ? (found.end() - 2)->from_ns : to_ns);
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
