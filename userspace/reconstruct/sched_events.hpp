// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Switches and wakes in the order of their times, for exports. Holds all of a recording's.
#include <map>
#include <string>
#include <vector>

#include "userspace/event/event_sink.hpp"
#include "userspace/model/sched.hpp"

namespace wp::reconstruct {

class SchedEvents : public event::EventSink {
 public:
  void on(const event::Event& event) override;
  void end() override;

  /// Complete after end(): in order of time; on each CPU every switch goes from whom the one before it went to. Where
  /// the recording does not tell who that was, it is kNobodyKnown.
  [[nodiscard]] const std::vector<model::SchedEvent>& events() const { return events_; }

 private:
  void add_run(const wp_run& r);
  void chain();

  std::vector<model::SchedEvent> events_;
  std::map<std::uint32_t, std::string> names_;  // by tid, as last told
};

}  // namespace wp::reconstruct
