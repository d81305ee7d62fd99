// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
#include <string>

#include "userspace/report/format.hpp"
#include "userspace/report/stage_table.hpp"

namespace wp::report {

/// p50 to max of every stage, one unit for each column, and its share of all time.
std::string time_table(const StageTable& table);
/// How often each stage had no time of its own, or an inferred one, and why; empty where that never happened.
std::string untimed_stages(const StageTable& table, const Style& style);

}  // namespace wp::report
