// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// The histograms that the kernel keeps for `wakepath stat`, read without a system call.
#include <cstddef>
#include <memory>

#include "bpf/wire/stat.h"
#include "userspace/base/result.hpp"

namespace wp::capture {

class StatSource {
 public:
  /// Maps the counts of `cpus` CPUs behind a map descriptor.
  static Result<StatSource> map(int map_fd, unsigned cpus);
  StatSource(StatSource&& other) noexcept;
  StatSource& operator=(StatSource&&) = delete;
  StatSource(const StatSource&) = delete;
  StatSource& operator=(const StatSource&) = delete;
  ~StatSource();

  /// Since the programs were attached, all CPUs together. Programs go on counting meanwhile.
  [[nodiscard]] std::unique_ptr<wp_stat_counts> sum() const;

 private:
  StatSource(const void* memory, std::size_t bytes, unsigned cpus) : memory_(memory), bytes_(bytes), cpus_(cpus) {}

  const void* memory_;
  std::size_t bytes_;
  unsigned cpus_;
};

}  // namespace wp::capture
