// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Makes the runs that claims are settled by: the bundled servers under their loads, and the programs of trials.
#include <functional>
#include <string>
#include <vector>

#include "userspace/base/result.hpp"
#include "userspace/judge/batch.hpp"
#include "userspace/judge/catalogue.hpp"

namespace wp::cli {

/// So often each arm is run, fixed before the first run.
struct Planned {
  const judge::Arm* arm = nullptr;
  std::uint64_t rounds = 0;
};

/// The arms of these claims, most rounds asked for, in the order the claims name them; and the controls: `all` of them,
/// or those that every batch has.
std::vector<Planned> plan_claims(const judge::Catalogue& catalogue, const std::vector<std::string>& ids, bool all);
/// The controls alone; `only`: these, or with none named all.
std::vector<Planned> plan_controls(const judge::Catalogue& catalogue, const std::vector<std::string>& only,
                                   std::uint64_t rounds);

/// Round by round, every second one backwards, so that what drifts meanwhile hits both of a pair alike. A run that
/// fails is kept with its reason. `progress` is told what comes next. An error only where nothing can be run here at
/// all, or after an interrupt.
Result<judge::Batch> measure(const judge::Catalogue& catalogue, const std::vector<Planned>& plan,
                             const std::function<void(const std::string&)>& progress);

}  // namespace wp::cli
