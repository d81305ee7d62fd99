// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
#include <memory>
#include <utility>
#include <vector>

#include "userspace/model/model.hpp"

namespace wp::reconstruct {

using PathPtr = std::unique_ptr<model::Path>;

/// Paths that are done with, for those to come: a path is a kilobyte that is passed from hand to hand by its address,
/// and what its vectors have grown to is used again.
class PathPool {
 public:
  /// An empty path.
  PathPtr take() {
    if (kept_.empty()) return std::make_unique<model::Path>();
    PathPtr path = std::move(kept_.back());
    kept_.pop_back();
    std::vector<model::WitnessEntry> witness = std::move(path->witness);
    model::Blame blame = std::move(path->blame);
    std::destroy_at(path.get());
    std::construct_at(path.get());
    witness.clear();
    blame.clear();
    path->witness = std::move(witness);
    path->blame = std::move(blame);
    return path;
  }
  void give(PathPtr path) {
    const bool is_large = path->witness.capacity() > kLargest || path->blame.capacity() > kLargest;
    if (kept_.size() < kMost && !is_large) kept_.push_back(std::move(path));
  }

 private:
  static constexpr std::size_t kMost = 16384, kLargest = 64;
  std::vector<PathPtr> kept_;
};

}  // namespace wp::reconstruct
