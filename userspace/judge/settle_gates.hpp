// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
#include "userspace/judge/settle.hpp"

namespace wp::judge {

/// Every gate of a part, over the runs that it rests on.
std::vector<Gate> gates_of(const Part& part, const Catalogue& catalogue, const std::vector<const ArmRun*>& runs);
/// Those of the batch as a whole: controls, and what the recorder itself changes.
std::vector<Gate> gates_of_batch(const Catalogue& catalogue, const Batch& batch);

/// The two arms that are the same but for the recorder.
inline constexpr const char* kObserved = "observer-on";
inline constexpr const char* kUnobserved = "observer-off";

}  // namespace wp::judge
