// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
#include <string>

#include "userspace/model/model.hpp"
#include "userspace/report/json_writer.hpp"

namespace wp::report {

/// Who took the largest part of a share, such as `"hog" (task 77)` or `127.0.0.1:4008, "srv" asleep in nanosleep`;
/// empty where nobody is named. Names are escaped.
std::string culprit_text(const model::BlameShare& share);
/// The part of that by which culprits of several requests are the same: without what it did.
std::string culprit_key(const model::BlameShare& share);
/// A share in one line of words: the cause, the culprit, and the rule where it is inferred.
std::string share_text(const model::BlameShare& share);

/// The value of "blame" in docs/schema/path.json.
void write_blame(JsonWriter& json, const model::Blame& blame);

}  // namespace wp::report
