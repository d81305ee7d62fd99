// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// --max-cpu: what recording costs is added up every second, and where it is too much a level of detail is given up.
#include <array>
#include <cstdint>

#include "userspace/base/unique_fd.hpp"
#include "userspace/capture/probes.hpp"
#include "userspace/capture/recorder.hpp"
#include "userspace/capture/shedder.hpp"

namespace wp::cli {

class Budget {
 public:
  /// To be made before rights are given up: counting the programs' run time takes CAP_SYS_ADMIN.
  Budget(capture::Probes& probes, capture::Recorder& recorder, const capture::DetailChange& asked);
  /// To be called often; acts once a second.
  void keep(std::uint64_t now_ns);

 private:
  [[nodiscard]] std::uint64_t hits(std::uint32_t hook) const;
  void measure_programs();
  [[nodiscard]] std::uint64_t programs_ns();
  void change(capture::Step to, std::uint32_t used_ppm);

  capture::Probes& probes_;
  capture::Recorder& recorder_;
  capture::DetailChange current_;
  capture::Shedder shedder_;
  UniqueFd counting_;  ///< while it is open the kernel counts the run time of programs
  std::array<double, WP_HOOK_count> ns_per_hit_{};
  std::array<std::uint64_t, WP_HOOK_count> last_hits_{};
  std::uint64_t last_ns_ = 0, last_cpu_ns_ = 0;
};

}  // namespace wp::cli
