// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/selection.hpp"

#include <algorithm>
#include <cmath>

namespace wp::report {

bool SelectSlowest::is_slower(const Entry& a, const Entry& b) {
  return a.total_ns != b.total_ns ? a.total_ns > b.total_ns : a.path.id < b.path.id;
}

void SelectSlowest::on_path(const model::Path& path) {
  const auto total = model::total_ns(path);
  if (!total || count_ == 0) return;
  if (heap_.size() == count_) {
    const Entry& fastest = heap_.front();
    const bool is_kept = *total > fastest.total_ns || (*total == fastest.total_ns && path.id < fastest.path.id);
    if (!is_kept) return;
    std::pop_heap(heap_.begin(), heap_.end(), is_slower);
    heap_.pop_back();
  }
  heap_.push_back({*total, path});
  std::push_heap(heap_.begin(), heap_.end(), is_slower);
}

std::vector<model::Path> SelectSlowest::take() && {
  std::sort(heap_.begin(), heap_.end(), is_slower);
  std::vector<model::Path> paths;
  for (Entry& entry : heap_) paths.push_back(std::move(entry.path));
  return paths;
}

void SelectPercentile::on_path(const model::Path& path) {
  if (const auto total = model::total_ns(path)) totals_.push_back({*total, path.id});
}

std::optional<std::uint64_t> SelectPercentile::id_at(double percent) {
  if (totals_.empty()) return std::nullopt;
  const double rank = std::ceil(percent / 100.0 * static_cast<double>(totals_.size()));
  const auto place = static_cast<std::size_t>(std::clamp(rank - 1, 0.0, static_cast<double>(totals_.size() - 1)));
  const auto wanted = totals_.begin() + static_cast<std::ptrdiff_t>(place);
  std::nth_element(totals_.begin(), wanted, totals_.end());
  return wanted->id;
}

}  // namespace wp::report
