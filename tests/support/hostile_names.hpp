// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Names that attack whoever shows them: terminals, JSON parsers, HTML and shells. More than 500, the same every time.
#include <string>
#include <vector>

namespace wp::test {

/// Any bytes but NUL, none empty, all different.
std::vector<std::string> hostile_names();

/// What is left of a name after the kernel cut it to `room` bytes, NUL included: it may end inside a character.
inline std::string as_kept_by_kernel(const std::string& name, std::size_t room) { return name.substr(0, room - 1); }

}  // namespace wp::test
