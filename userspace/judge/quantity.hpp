// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// The closed vocabulary of the catalogue: what a claim may be about, and from which raw counts of a run it comes.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "userspace/judge/proportion.hpp"

namespace wp::judge {

/// No miss in so many trials: at most 1 %, with 95 % confidence.
inline constexpr std::uint64_t kLeastOfShare = 299;

/// Raw counts of one run, by name. A count that the run can't give is absent.
using Facts = std::map<std::string, double>;

struct Quantity {
  const char* name;
  const char* of;       ///< the count above
  const char* through;  ///< the count below; empty: nothing
  const char* unit;
  bool is_share;
  const char* meaning;
};

const Quantity* find_quantity(const std::string& name);  ///< null: there is none
const std::vector<Quantity>& quantities();

/// Absent where a count is, or where it would be divided by 0.
std::optional<double> value_of(const Quantity& quantity, const Facts& facts);
std::optional<Share> share_of(const Quantity& quantity, const Facts& facts);

/// `quantity` is "wait_class" or "architecture", and `word` one that the classifier gives.
bool is_class_word(const std::string& quantity, const std::string& word);

}  // namespace wp::judge
