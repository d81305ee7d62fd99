// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// A directory of a test's own, gone when the test ends.
#include <stdlib.h>

#include <filesystem>
#include <string>

#include "userspace/base/check.hpp"

namespace wp::test {

class TempDir {
 public:
  TempDir() {
    const std::string chosen_by_mkdtemp(6, 'X');
    std::string name = (std::filesystem::temp_directory_path() / ("wakepath-test-" + chosen_by_mkdtemp)).string();
    WP_CHECK(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace wp::test
