// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Switches and wakes in the order of their times, for exports. Holds all of a recording's.
#include <map>
#include <string>
#include <vector>

#include "userspace/event/event_sink.hpp"
#include "userspace/model/sched.hpp"
#include "userspace/reconstruct/names.hpp"

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
  void add_switch(const wp_task_switch& r);
  void add_slice(const wp_cpu_slice& r);
  void drop_told_twice();
  void chain();

  std::vector<model::SchedEvent> events_;
  std::map<std::uint32_t, std::string> names_;        // by tid, as last told
  std::map<std::uint32_t, std::uint64_t> all_since_;  // by CPU: from when on every switch was recorded
  std::vector<bool> of_timeline_;                     // by place in events_
  NameTable kernel_names_;
};

}  // namespace wp::reconstruct
