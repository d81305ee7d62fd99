// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What a demo's recording says about its server in numbers: for `demo all`, and for the sentence in a demo's row.
#include <nlohmann/json.hpp>
#include <string>

#include "userspace/cli/demo_report.hpp"

namespace wp::cli {

/// Flat: name -> integer, real number or text. A number that the recording can't give is absent.
nlohmann::json demo_facts(const DemoFindings& findings);

/// The row's sentence with the facts put in; where one of them is absent, an Error that names it.
Result<std::string> demo_sentence(const Demo& demo, const nlohmann::json& facts);

/// A row of `demo all` for people.
std::string demo_row_text(const nlohmann::json& row);

}  // namespace wp::cli
