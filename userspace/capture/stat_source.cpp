// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/capture/stat_source.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace wp::capture {

static_assert(sizeof(wp_stat_counts) % 8 == 0, "an array map keeps its values that far apart");

Result<StatSource> StatSource::map(int map_fd, unsigned cpus) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t bytes = (sizeof(wp_stat_counts) * cpus + page - 1) / page * page;
  void* memory = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, map_fd, 0);
  if (memory == MAP_FAILED) return Error{ExitCode::kError, std::string("map the histograms: ") + std::strerror(errno)};
  return StatSource(memory, bytes, cpus);
}

StatSource::StatSource(StatSource&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)), bytes_(other.bytes_), cpus_(other.cpus_) {}

StatSource::~StatSource() {
  if (memory_) munmap(const_cast<void*>(memory_), bytes_);
}

std::unique_ptr<wp_stat_counts> StatSource::sum() const {
  auto total = std::make_unique<wp_stat_counts>();
  const auto* all = static_cast<const wp_stat_counts*>(memory_);
  const auto load = [](const wp_u64& value) { return __atomic_load_n(&value, __ATOMIC_RELAXED); };
  for (unsigned cpu = 0; cpu < cpus_; ++cpu) {
    const wp_stat_counts& one = all[cpu];
    total->deliveries += load(one.deliveries);
    total->reads += load(one.reads);
    total->untracked += load(one.untracked);
    total->forgotten += load(one.forgotten);
    for (unsigned stage = 0; stage < WP_STAT_count; ++stage)
      for (unsigned bin = 0; bin < WP_STAT_BINS; ++bin) total->bins[stage][bin] += load(one.bins[stage][bin]);
  }
  return total;
}

}  // namespace wp::capture
