// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
#include <string>

#include "userspace/model/model.hpp"
#include "userspace/report/format.hpp"

namespace wp::report {

/// One path as a waterfall: a line for every stage, with its evidence or the reason why it has no time. How
/// certain a line is stands in its first column, so that nothing depends on colour.
std::string render_path(const model::Path& path, const Style& style);

}  // namespace wp::report
