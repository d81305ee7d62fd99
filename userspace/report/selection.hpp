// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Which paths to show. Each is a sink for paths that keeps only what it needs.
#include <cstdint>
#include <optional>
#include <vector>

#include "userspace/model/model.hpp"

namespace wp::report {

class SelectById {
 public:
  explicit SelectById(std::uint64_t id) : id_(id) {}
  void on_path(const model::Path& path) {
    if (path.id == id_) found_ = path;
  }
  [[nodiscard]] const std::optional<model::Path>& found() const { return found_; }

 private:
  std::uint64_t id_;
  std::optional<model::Path> found_;
};

/// The `count` paths with the greatest total; of equal ones the earlier. Paths without a total are none.
class SelectSlowest {
 public:
  explicit SelectSlowest(std::size_t count) : count_(count) {}
  void on_path(const model::Path& path);
  /// Slowest first.
  [[nodiscard]] std::vector<model::Path> take() &&;

 private:
  struct Entry {
    std::uint64_t total_ns;
    model::Path path;
  };
  static bool is_slower(const Entry& a, const Entry& b);

  std::size_t count_;
  std::vector<Entry> heap_;  // the fastest of those kept in front
};

/// The path at a percentile of the totals, exactly: a first pass over all paths finds out which,
/// a second with SelectById fetches it. Keeps 16 bytes a path.
class SelectPercentile {
 public:
  void on_path(const model::Path& path);
  /// 0 < percent <= 100; nullopt where no path has a total.
  [[nodiscard]] std::optional<std::uint64_t> id_at(double percent);

 private:
  struct Entry {
    std::uint64_t total_ns;
    std::uint64_t id;
    auto operator<=>(const Entry&) const = default;
  };
  std::vector<Entry> totals_;
};

}  // namespace wp::report
