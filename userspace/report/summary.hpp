// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// The answer to "where did the time go, how do they wait, and how much of it is certain".
#include <array>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <vector>

#include "userspace/model/model.hpp"
#include "userspace/report/blame_table.hpp"
#include "userspace/report/format.hpp"
#include "userspace/report/receive_counts.hpp"
#include "userspace/report/stage_table.hpp"

namespace wp::report {

inline constexpr std::size_t kMechanismCount = static_cast<std::size_t>(model::Mechanism::kSelect) + 1;
using MechanismCounts = std::array<std::uint64_t, kMechanismCount>;

/// What every path adds up to. Memory grows with threads and devices, not with paths.
class Report {
 public:
  struct Thread {
    model::Task task;
    std::uint64_t paths = 0;
    std::uint64_t reads = 0;
    std::uint64_t woken = 0;  ///< reads that needed a wake
    std::uint64_t last_read_id = 0;
    bool last_read_woken = false;
    MechanismCounts mechanisms{};
  };
  struct Device {
    std::string kind;
    std::uint64_t paths = 0;
  };
  struct Slowest {
    std::uint64_t id = 0;  ///< 0: no path has a total
    std::uint64_t total_ns = 0;
  };

  void on_path(const model::Path& path);

  [[nodiscard]] const StageTable& stages() const { return stages_; }
  [[nodiscard]] const BlameTable& blame() const { return blame_; }
  [[nodiscard]] const Histogram& accept_queue() const { return accept_queue_; }
  [[nodiscard]] const ReceiveCounts& receive() const { return receive_; }
  [[nodiscard]] const MechanismCounts& mechanisms() const { return mechanisms_; }
  /// Busiest first.
  [[nodiscard]] std::vector<Thread> threads() const;
  [[nodiscard]] std::map<std::string, std::uint64_t> transports() const;
  [[nodiscard]] const std::map<std::string, Device>& devices() const { return devices_; }
  /// Why paths needed no wake, by Reason.
  [[nodiscard]] const std::array<std::uint64_t, model::kReasonCount>& no_wake() const { return no_wake_; }
  [[nodiscard]] std::uint64_t wakes_observed() const { return wakes_observed_; }
  [[nodiscard]] std::uint64_t wakes_inferred() const { return wakes_inferred_; }
  [[nodiscard]] std::uint64_t wakes_unknown() const { return wakes_unknown_; }
  [[nodiscard]] std::uint64_t paths() const { return stages_.paths(); }
  [[nodiscard]] std::uint64_t reads() const { return reads_; }
  [[nodiscard]] std::uint64_t complete() const { return complete_; }
  [[nodiscard]] std::uint64_t near_loss() const { return near_loss_; }
  [[nodiscard]] Slowest slowest() const { return slowest_; }

 private:
  using Transport = std::tuple<bool, std::uint16_t, std::uint16_t, std::uint8_t>;  // known, family, protocol, type

  void count_thread(const model::Path& path);
  void count_wake(const model::Wake& wake);

  StageTable stages_;
  BlameTable blame_;
  Histogram accept_queue_;
  ReceiveCounts receive_;
  MechanismCounts mechanisms_{};
  std::map<model::TaskId, Thread> threads_;
  std::map<Transport, std::uint64_t> transports_;
  std::map<std::string, Device> devices_;
  std::array<std::uint64_t, model::kReasonCount> no_wake_{};
  std::uint64_t wakes_observed_ = 0, wakes_inferred_ = 0, wakes_unknown_ = 0;
  std::uint64_t reads_ = 0, complete_ = 0, near_loss_ = 0;
  Slowest slowest_;
};

/// `file` is what the user called the recording, for the line that says what to do next.
std::string render_summary(const model::RecordingInfo& info, const model::Summary& summary, const Report& report,
                           const Style& style, const std::string& file);
/// Its shape is docs/schema/report.json. Integers only, except for strings and truths.
nlohmann::json summary_json(const model::RecordingInfo& info, const model::Summary& summary, const Report& report);

const char* severity_name(model::Diagnostic::Severity severity);  ///< "info", "notice", "data_loss", "error"

}  // namespace wp::report
