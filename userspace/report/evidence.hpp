// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
#include <string>

#include "userspace/model/model.hpp"

namespace wp::report {

/// What was seen at a stage, in words; for a stage without a time why there is none. Safe to print: names
/// from the kernel are escaped.
std::string stage_evidence(const model::Path& path, model::Stage stage);
/// In whose context the stage happened: "hardirq", "softirq", or a task; empty where that is not known.
std::string stage_context(const model::Path& path, model::Stage stage);
/// "ep_poll_callback (epoll) fd 5 -> task 4242, asleep".
std::string witness_text(const model::WitnessEntry& entry);

}  // namespace wp::report
