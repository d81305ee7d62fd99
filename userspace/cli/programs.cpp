// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/cli/programs.hpp"

#include <fmt/format.h>
#include <unistd.h>

namespace wp::cli {

namespace fs = std::filesystem;

Result<fs::path> own_program() {
  std::error_code error;
  fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return Error{ExitCode::kError, "find this program: " + error.message()};
  return program;
}

Result<std::string> find_program(const std::string& name) {
  const auto own = own_program();
  if (!own) return own.error();
  const fs::path here = own->parent_path();
  for (const fs::path& folder : {here / "demo-servers", here / "../demo-servers", here, here / "../libexec/wakepath"}) {
    if (access((folder / name).c_str(), X_OK) == 0) return (folder / name).lexically_normal().string();
  }
  return Error{ExitCode::kError,
               fmt::format("find {}: not beside {}; build or install the demo servers", name, own->string())};
}

}  // namespace wp::cli
