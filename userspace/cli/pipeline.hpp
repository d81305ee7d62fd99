// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// The whole analysis, wired once: bytes -> events -> order -> paths.
#include <functional>
#include <string>

#include "userspace/base/result.hpp"
#include "userspace/model/model.hpp"

namespace wp::cli {

struct Analysis {
  model::RecordingInfo info;
  model::Summary summary;
};

/// Reads a recording to its end and gives every path to `sink`, in the order of their ids. Damage, loss
/// and a missing end are no failure: they are in the summary.
Result<Analysis> analyse(const std::string& file, const std::function<void(const model::Path&)>& sink);

}  // namespace wp::cli
