// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// `report --html`: two readings of a recording become one HTML file.
#include <cstdint>
#include <string>

#include "userspace/base/result.hpp"

namespace wp::cli {

struct HtmlOptions {
  std::string recording;
  std::string output;  ///< "-": stdout
  std::uint64_t most_requests = 100'000;
  std::uint64_t most_slices = 1'000'000;
};

/// The number of events lost, for --max-loss.
Result<std::uint64_t> report_html(const HtmlOptions& options);

}  // namespace wp::cli
