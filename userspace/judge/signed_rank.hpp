// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
#include <optional>
#include <vector>

namespace wp::judge {

/// The middle of a symmetric distribution, by Wilcoxon's signed ranks: exact, and without any other assumption.
struct SignedRank {
  double middle = 0;            ///< median of the means of all pairs (Hodges, Lehmann)
  double lower = 0, upper = 0;  ///< two-sided, 1 - alpha
};

/// Twelve samples are the least for 0.0005, which is 5 % shared among a hundred claims. Nothing: too few for `alpha`.
std::optional<SignedRank> signed_rank(const std::vector<double>& samples, double alpha);

}  // namespace wp::judge
