// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Where this program is, and those that come with it.
#include <filesystem>
#include <string>

#include "userspace/base/result.hpp"

namespace wp::cli {

/// The path of the running program.
Result<std::filesystem::path> own_program();
/// A bundled program, beside this one in a build tree or where an installation has it.
Result<std::string> find_program(const std::string& name);

}  // namespace wp::cli
