// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "userspace/model/model.hpp"

namespace wp::report {

/// The time from the stage before that has a time to this one.
struct Segment {
  model::Stage stage = model::Stage::kHw;
  std::uint64_t offset_ns = 0;    ///< of its end, from the path's first stage
  std::uint64_t duration_ns = 0;  ///< 0 for the first stage, where the path begins
  bool hides_unknown = false;     ///< a stage in between could not be seen: whose time it is can't be told
};

/// A path's total cut at its stages, in their order, first stage to kDone: the durations add up to total_ns().
class Segments {
 public:
  void push(const Segment& segment) { items_[size_++] = segment; }
  [[nodiscard]] const Segment* begin() const { return items_.data(); }
  [[nodiscard]] const Segment* end() const { return items_.data() + size_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::uint64_t total_ns() const { return size_ == 0 ? 0 : items_[size_ - 1].offset_ns; }

 private:
  std::array<Segment, model::kStageCount> items_{};
  std::size_t size_ = 0;
};

/// nullopt where the path has no total, or where a stage is earlier than the one before it.
std::optional<Segments> cut(const model::Path& path);

/// Nanoseconds from one stage to a later one; nullopt unless both have a time and they are in this order.
std::optional<std::uint64_t> between_ns(const model::Path& path, model::Stage from, model::Stage to);

}  // namespace wp::report
