// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
#include <cstddef>
#include <utility>
#include <vector>

namespace wp::reconstruct {

/// Memory of vectors that are done with, for those to come: blocks of a kilobyte and more are dear to the allocator.
template <typename T>
class Spares {
 public:
  /// An empty vector, with memory if there is any.
  std::vector<T> take() {
    if (kept_.empty()) return {};
    std::vector<T> vector = std::move(kept_.back());
    kept_.pop_back();
    return vector;
  }
  void give(std::vector<T>&& vector) {
    if (kept_.size() == kMost || vector.capacity() > kLargest) return;
    vector.clear();
    kept_.push_back(std::move(vector));
  }

 private:
  static constexpr std::size_t kMost = 16384, kLargest = 64;
  std::vector<std::vector<T>> kept_;
};

}  // namespace wp::reconstruct
