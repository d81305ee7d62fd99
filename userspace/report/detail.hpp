// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What a recording can't know because less was recorded, and when that changed.
#include <nlohmann/json.hpp>
#include <string>

#include "userspace/model/model.hpp"
#include "userspace/report/format.hpp"

namespace wp::report {

/// One line for the head of a report; empty where everything that paths need was recorded of every request.
std::string detail_fact(const model::Summary& summary);
/// The changes of the level; empty where there was none.
std::string detail_text(const model::Summary& summary, const Style& style);
/// Of the first and all later levels.
nlohmann::json detail_json(const model::Summary& summary);

}  // namespace wp::report
