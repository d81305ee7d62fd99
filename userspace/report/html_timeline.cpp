// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/html_timeline.hpp"

#include <algorithm>

#include "userspace/base/text.hpp"

namespace wp::report {

using model::TimelineSlice;
using nlohmann::json;

void TimelineWindows::on_slice(const TimelineSlice& slice) {
  ++slices_;
  ++windows_[slice.begin_ns >> kShift].slices;
}

void TimelineWindows::on_path(const model::Path& path) {
  const auto total = model::total_ns(path);
  if (!total) return;
  const std::uint64_t done_ns = path.at(model::Stage::kDone).ts_ns;
  for (std::uint64_t w = (done_ns - *total) >> kShift; w <= done_ns >> kShift; ++w)
    windows_[w].slowest_ns = std::max(windows_[w].slowest_ns, *total);
}

void TimelineWindows::choose() {
  if (slices_ <= most_) return;
  std::vector<std::pair<std::uint64_t, const Window*>> order;
  for (const auto& [number, window] : windows_) order.emplace_back(number, &window);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.second->slowest_ns > b.second->slowest_ns; });
  std::uint64_t room = most_;
  for (const auto& [number, window] : order) {
    const bool fits = window->slices <= room;
    kept_[number] = fits;
    if (fits) room -= window->slices;
  }
}

bool TimelineWindows::keeps(const TimelineSlice& slice) const {
  if (kept_.empty()) return true;
  const auto from = kept_.find(slice.begin_ns >> kShift);
  return from != kept_.end() && from->second;
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> TimelineWindows::left_out() const {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> out;
  for (const auto& [number, kept] : kept_) {
    if (kept) continue;
    const std::uint64_t from_ns = number << kShift, to_ns = (number + 1) << kShift;
    if (!out.empty() && out.back().second == from_ns)
      out.back().second = to_ns;
    else
      out.emplace_back(from_ns, to_ns);
  }
  return out;
}

void HtmlTimeline::add(const TimelineSlice& slice) {
  const Key key{slice.lane, slice.key, slice.task};
  const std::uint64_t base = std::min(base_ns_, slice.begin_ns);
  tracks_[key].push_back({slice.begin_ns - base, slice.end_ns - base, slice.a, slice.b,
                          names_.index_of(printable(slice.name)), static_cast<std::uint8_t>(slice.kind),
                          static_cast<std::uint8_t>((slice.begin_seen ? 0 : 1) | (slice.end_seen ? 0 : 2))});
  ++slices_;
}

void HtmlTimeline::finish() {
  for (auto& [key, slices] : tracks_) {
    const auto earlier = [](const Slice& x, const Slice& y) { return x.begin_ns < y.begin_ns; };
    if (!std::is_sorted(slices.begin(), slices.end(), earlier)) std::stable_sort(slices.begin(), slices.end(), earlier);
    const auto& [lane, number, task] = key;
    table_.push_back({{"lane", static_cast<int>(lane)},
                      {"key", std::to_string(number)},
                      {"tid", task.tid},
                      {"start", std::to_string(task.start_ns)},
                      {"slices", slices.size()}});
    std::uint64_t previous_end = 0;
    for (const Slice& s : slices) {
      gap_.add_signed(static_cast<std::int64_t>(s.begin_ns - previous_end));
      duration_.add(s.end_ns - s.begin_ns);
      name_.add(s.name);
      kind_.add(s.kind * 4U + s.unseen);
      a_.add_signed(s.a);
      b_.add_signed(s.b);
      previous_end = s.end_ns;
    }
    slices = {};
  }
}

json HtmlTimeline::tables() const { return {{"tracks", table_}, {"names", names_.texts()}}; }

void HtmlTimeline::give_columns(std::vector<std::pair<std::string, const Column*>>& columns) const {
  columns.insert(columns.end(), {{"s.gap", &gap_},
                                 {"s.duration", &duration_},
                                 {"s.name", &name_},
                                 {"s.kind", &kind_},
                                 {"s.a", &a_},
                                 {"s.b", &b_}});
}

}  // namespace wp::report
