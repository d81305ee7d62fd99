// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
#include <string>

#include "userspace/model/model.hpp"

namespace wp::report {

/// Appends one path as one JSON object on one line, newline included. Its shape is docs/schema/path.json.
void append_jsonl(std::string& out, const model::Path& path);

}  // namespace wp::report
