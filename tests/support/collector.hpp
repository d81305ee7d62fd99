// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// The end of the event pipeline for tests: keeps every event as text.
#include <string>
#include <vector>

#include "userspace/event/event_sink.hpp"
#include "userspace/event/text.hpp"

namespace wp::test {

class Collector : public event::EventSink {
 public:
  void on(const event::Event& event) override { lines.push_back(event::to_text(event)); }
  void end() override { ++ends; }

  std::vector<std::string> lines;
  int ends = 0;
};

}  // namespace wp::test
