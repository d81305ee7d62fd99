// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// A directory of a test's own, gone when the test ends.
#include <memory>
#include <string>
#include <utility>

#include "userspace/base/check.hpp"
#include "userspace/cli/temporary_folder.hpp"

namespace wp::test {

class TempDir {
 public:
  TempDir() {
    auto made = cli::TemporaryFolder::make();
    WP_CHECK(made);
    folder_ = std::move(*made);
  }

  [[nodiscard]] std::string file(const std::string& name) const { return (folder_->path() / name).string(); }

 private:
  std::unique_ptr<cli::TemporaryFolder> folder_;
};

}  // namespace wp::test
