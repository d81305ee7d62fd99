// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/judge/signed_rank.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace wp::judge {

namespace {

// In how many of the 2^n ways to give signs to the ranks 1..n the positive ones add up to each sum.
std::vector<double> ways(std::size_t n) {
  std::vector<double> count(n * (n + 1) / 2 + 1, 0);
  count[0] = 1;
  for (std::size_t rank = 1; rank <= n; ++rank)
    for (std::size_t sum = count.size(); sum-- > rank;) count[sum] += count[sum - rank];
  return count;
}

}  // namespace

std::optional<SignedRank> signed_rank(const std::vector<double>& samples, double alpha) {
  const std::size_t n = samples.size();
  if (n == 0 || n > 60) return std::nullopt;
  const std::vector<double> count = ways(n);
  const double all = std::exp2(static_cast<double>(n));
  // Sums so small that they have a chance of alpha / 2 at most: so many of the means lie outside at each end.
  std::size_t outside = 0;
  for (double below = count[0]; outside < count.size() && below / all <= alpha / 2; below += count[outside]) ++outside;
  if (outside == 0) return std::nullopt;
  std::vector<double> means;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t k = i; k < n; ++k) means.push_back((samples[i] + samples[k]) / 2);
  std::sort(means.begin(), means.end());
  const std::size_t m = means.size();
  return SignedRank{(means[m / 2] + means[(m - 1) / 2]) / 2, means[outside - 1], means[m - outside]};
}

}  // namespace wp::judge
