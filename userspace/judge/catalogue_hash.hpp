// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
#include "userspace/judge/catalogue.hpp"

namespace wp::judge {

/// A claim's hash covers what decides its verdict: parts, thresholds, runs, and the arms they name. Words that only
/// explain may change. The catalogue's hash covers those of all claims.
void set_hashes(Catalogue& catalogue);

}  // namespace wp::judge
