// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// How the packets of watched sockets came from their cards: by how many interrupts, in how many polls, run by whom.
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "userspace/model/model.hpp"

namespace wp::report {

class ReceiveCounts {
 public:
  void add(const model::Path& path);

  [[nodiscard]] std::uint64_t packets() const { return packets_; }
  /// Different interrupts that led to them. At most one a packet: what a line did for others is not counted.
  [[nodiscard]] std::uint64_t interrupts() const { return interrupts_.count; }
  /// Different softirqs, or wakes of a NAPI thread, that took them.
  [[nodiscard]] std::uint64_t polls() const { return polls_.count; }
  /// Packets by who took them from the card, one of WP_SOFTIRQ_HOWS.
  [[nodiscard]] const std::map<std::string, std::uint64_t>& runners() const { return runners_; }
  /// Its shape is "receive" in docs/schema/report.json.
  [[nodiscard]] nlohmann::json json() const;

 private:
  // Times, counted once each. Paths come nearly in order, so the latest are enough to know one again.
  struct Different {
    std::uint64_t count = 0;
    std::set<std::pair<std::uint64_t, std::uint32_t>> latest;
    void add(std::uint64_t ts_ns, std::uint32_t whose);
  };

  std::uint64_t packets_ = 0;
  Different interrupts_, polls_;
  std::map<std::string, std::uint64_t> runners_;
};

/// For people: "on return from the interrupt", of "irq_exit".
std::string runner_text(const std::string& softirq_how);

}  // namespace wp::report
