// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Where events go. One producer, in time order, then end() once.
#include "userspace/event/event.hpp"

namespace wp::event {

class EventSink {
 public:
  EventSink() = default;
  EventSink(const EventSink&) = delete;
  EventSink& operator=(const EventSink&) = delete;
  virtual ~EventSink() = default;

  virtual void on(const Event& event) = 0;
  virtual void end() = 0;
};

}  // namespace wp::event
