// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/cli/record_budget.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "userspace/base/clock.hpp"

namespace wp::cli {

namespace {

constexpr std::uint64_t kEveryNs = 1'000'000'000;
constexpr std::uint64_t kRunsEnough = 100'000;  // to know what a hit costs; then the counting, which costs too, ends

}  // namespace

Budget::Budget(capture::Probes& probes, capture::Recorder& recorder, const capture::DetailChange& asked)
    : probes_(probes),
      recorder_(recorder),
      current_(asked),
      shedder_({asked.to, asked.sample}, asked.budget_ppm),
      counting_(capture::Probes::count_run_time()) {
  if (!counting_) spdlog::warn("the kernel does not count its programs' time: --max-cpu knows the recorder's only");
  last_ns_ = clock_ns();
  last_cpu_ns_ = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
  for (std::uint32_t hook = 0; hook < WP_HOOK_count; ++hook) last_hits_[hook] = hits(hook);
}

std::uint64_t Budget::hits(std::uint32_t hook) const {
  std::uint64_t n = 0;
  for (unsigned cpu = 0; cpu < probes_.cpus(); ++cpu) {
    const auto& counts = probes_.counters(cpu).count[hook];
    for (const wp_outcome outcome : {WP_SELF, WP_FILTERED, WP_NOTED, WP_MAP_FULL, WP_RING_FULL, WP_SUBMITTED})
      n += __atomic_load_n(&counts[outcome], __ATOMIC_RELAXED);
  }
  return n;
}

void Budget::measure_programs() {
  if (!counting_) return;
  std::uint64_t runs = 0;
  for (std::uint32_t hook = 0; hook < WP_HOOK_count; ++hook) {
    const capture::Probes::RunTime time = probes_.run_time(hook);
    if (time.runs) ns_per_hit_[hook] = static_cast<double>(time.ns) / static_cast<double>(time.runs);
    runs += time.runs;
  }
  if (runs >= kRunsEnough) counting_.reset();
}

std::uint64_t Budget::programs_ns() {
  double ns = 0;
  for (std::uint32_t hook = 0; hook < WP_HOOK_count; ++hook) {
    const std::uint64_t now = hits(hook);
    ns += static_cast<double>(now - last_hits_[hook]) * ns_per_hit_[hook];
    last_hits_[hook] = now;
  }
  return static_cast<std::uint64_t>(ns);
}

void Budget::keep(std::uint64_t now_ns) {
  if (now_ns - last_ns_ < kEveryNs) return;
  measure_programs();
  const std::uint64_t cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
  const std::uint64_t used_ns = cpu_ns - last_cpu_ns_ + programs_ns();
  const double share = static_cast<double>(used_ns) / (static_cast<double>(now_ns - last_ns_) * probes_.cpus());
  last_ns_ = now_ns;
  last_cpu_ns_ = cpu_ns;
  const auto used_ppm = static_cast<std::uint32_t>(std::min(share, 1.0) * 1e6);
  if (shedder_.on(used_ppm)) change(shedder_.now(), used_ppm);
}

void Budget::change(capture::Step to, std::uint32_t used_ppm) {
  capture::DetailChange change = current_;
  change.begin_ns = clock_ns();
  change.from = current_.to;
  change.to = to.detail;
  change.sample = to.sample;
  change.why = used_ppm > current_.budget_ppm ? WP_DETAIL_WHY_over : WP_DETAIL_WHY_under;
  change.used_ppm = used_ppm;
  probes_.set_sample(to.sample);
  probes_.set_detail(to.detail);
  change.at_ns = clock_ns();
  recorder_.note_detail(change);
  current_ = change;
}

}  // namespace wp::cli
