// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/judge/proportion.hpp"

#include <cmath>

namespace wp::judge {

namespace {

constexpr double kAlpha = 0.05;

// P(X <= k) of a binomial; the terms are summed from the largest index down, so that small ones are not lost.
double at_most(std::uint64_t k, std::uint64_t n, double p) {
  if (k >= n || p <= 0) return 1;
  if (p >= 1) return 0;
  const auto size = static_cast<double>(n);
  double sum = 0;
  for (std::uint64_t i = k + 1; i-- > 0;) {
    const auto x = static_cast<double>(i);
    const double log_term = std::lgamma(size + 1) - std::lgamma(x + 1) - std::lgamma(size - x + 1) + x * std::log(p) +
                            (size - x) * std::log1p(-p);
    const double term = std::exp(log_term);
    sum += term;
    if (term < sum * 1e-12 && x < size * p) break;
  }
  return sum > 1 ? 1 : sum;
}

// Where a falling function of p passes `level`.
template <typename F>
double crossing(F falling, double level) {
  double low = 0, high = 1;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (falling(middle) > level ? low : high) = middle;
  }
  return (low + high) / 2;
}

}  // namespace

double Share::upper() const {
  if (hits >= of) return 1;
  return crossing([this](double p) { return at_most(hits, of, p); }, kAlpha);
}

double Share::lower() const {
  if (!hits || !of) return 0;
  // As many hits or more as this is as many misses or fewer: the mirror image of upper().
  return 1 - Share{of - hits, of}.upper();
}

std::uint64_t hits_missing(const Share& share, double bound) {
  Share more = share;
  std::uint64_t added = 0;
  while (more.lower() < bound && added < 100'000) {
    const std::uint64_t step = added < 100 ? 1 : added / 10;
    more.hits += step;
    more.of += step;
    added += step;
  }
  return added;
}

}  // namespace wp::judge
