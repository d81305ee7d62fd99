// SPDX-License-Identifier: GPL-2.0-or-later
// The pretenders and controls: servers that poll, or look as if they did. What each is, is known beforehand.
#include "userspace/cli/demo_table.hpp"

namespace wp::cli {

std::span<const Demo> demo_controls() { return {}; }

}  // namespace wp::cli
