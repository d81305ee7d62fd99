// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Verdicts for people, as JSON by docs/schema/check.json, and as JUnit XML.
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "userspace/judge/claim.hpp"

namespace wp::judge {

std::string claims_text(const std::vector<ClaimResult>& results);
nlohmann::ordered_json claims_json(const std::vector<ClaimResult>& results);
/// A refuted claim is a failure, one undecided or not applicable an error: it is not skipped, for that passes.
std::string claims_junit(const std::vector<ClaimResult>& results);

}  // namespace wp::judge
