// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What the watched tasks did besides reading requests, for people and for programs.
#include <nlohmann/json.hpp>
#include <string>

#include "userspace/model/activity.hpp"
#include "userspace/report/format.hpp"

namespace wp::report {

/// Sections of a report; those with nothing to tell are left out, so a plain server has none.
std::string activity_text(const model::Activity& activity, const Style& style);
/// Its shape is in docs/schema/report.json.
nlohmann::json activity_json(const model::Activity& activity);

/// "exit 3", "killed by SIGKILL", "killed by SIGSEGV, core dumped": a status as wait(2) has it.
std::string wait_status_text(std::int32_t code);

}  // namespace wp::report
