// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// The text form of events, one a line:
//   1000 cpu=0 seq=1 delivery cookie=7 begin=0 end=5 w_fd=-1
//   1200 cpu=0 seq=2 task tid=42 pid=42 comm="redis\x0a"
// Time in ns, then CPU and sequence number, the kind, and its non-zero fields by the names in bpf/wire/events.h.
// Numbers are decimal or 0x…; names are quoted (see base/text.hpp); addresses are hex digits, trailing zero
// bytes left out. Tests are written in it, so a word it does not know is an error.
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/result.hpp"
#include "userspace/event/event.hpp"

namespace wp::event {

/// Short and stable: "ring_full", "damaged", "undecodable", "late".
const char* loss_name(Loss::Why why);

/// No newline at its end. A Loss is written too, but can't be read back: it stands for what is not there.
std::string to_text(const Event& event);

/// One line. `seq` may be left out and then is 0.
Result<Event> parse_event(std::string_view line);

/// Many lines; blank lines and those that begin with # are skipped, an error names its line. A record of a
/// probe without `seq` gets the number after the last one of its CPU.
Result<std::vector<Event>> parse_events(std::string_view text);

}  // namespace wp::event
