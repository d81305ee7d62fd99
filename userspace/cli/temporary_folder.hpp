// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "userspace/base/result.hpp"

namespace wp::cli {

/// A folder of our own that goes when we go.
class TemporaryFolder {
 public:
  static Result<std::unique_ptr<TemporaryFolder>> make() {
    const std::string chosen_by_mkdtemp(6, 'X');
    std::string name = std::filesystem::temp_directory_path() / ("wakepath-" + chosen_by_mkdtemp);
    if (mkdtemp(name.data()) == nullptr)
      return Error{ExitCode::kError, "make a temporary folder: " + std::string(std::strerror(errno))};
    return std::unique_ptr<TemporaryFolder>(new TemporaryFolder(name));
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace wp::cli
