// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Sentences that text, JSON and Markdown share.
#include <string>

#include "userspace/judge/settle.hpp"

namespace wp::judge {

/// A number in its unit: "99.2 %", "3.01 us", "0.135 per request".
std::string measured_in(double number, const std::string& unit);
/// "99.2 % [98.9, 99.5], n = 1200"; empty: nothing was measured.
std::string measured_words(const SettledPart& part);
/// "woken_share of epoll, select", with the baseline of a ratio.
std::string what_is_measured(const Part& part);
/// What the measurement would have had to say for another verdict.
std::string what_would_change(const SettledPart& part);
/// "event-driven processing, line 4"; "said of servers in general".
std::string source_words(const NoteClaim& claim);

}  // namespace wp::judge
