// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/detail.hpp"

#include <fmt/format.h>

namespace wp::report {

namespace {

std::string sample_text(std::uint32_t sample) {
  if (sample <= 1) return {};
  return fmt::format("1 of {} requests, each whole (what a socket got until all of it was read)", grouped(sample));
}

std::string level_text(const model::DetailChange& level) {
  std::string text = model::detail_name(level.to);
  if (level.sample > 1) text += fmt::format(", 1 of {} requests", grouped(level.sample));
  return text;
}

std::string share_text(std::uint32_t ppm) { return fmt::format("{:.2f} %", static_cast<double>(ppm) / 1e4); }

std::string why_text(const model::DetailChange& change) {
  if (change.why == "asked") return "as asked for";
  return fmt::format("recording took {} of the CPUs' time, and may take {}", share_text(change.used_ppm),
                     share_text(change.budget_ppm));
}

}  // namespace

std::string detail_fact(const model::Summary& summary) {
  if (summary.details.empty()) return {};
  const model::DetailChange& asked = summary.details.front();
  std::string text;
  if (asked.to == model::Detail::kLight)
    text = "light: no system calls; paths end where their data was copied, and no reply is known";
  if (const std::string sample = sample_text(asked.sample); !sample.empty())
    text += (text.empty() ? "" : "; ") + sample;
  if (summary.details.size() > 1)
    text += fmt::format("{}begun at {}, changed {} times: see below", text.empty() ? "" : "; ", level_text(asked),
                        grouped(summary.details.size() - 1));
  return text;
}

std::string detail_text(const model::Summary& summary, const Style& style) {
  if (summary.details.size() < 2) return {};
  std::string text = '\n' + paint(style, Color::kBold, "level of detail") + '\n';
  for (const model::DetailChange& level : summary.details) {
    const bool is_first = &level == &summary.details.front() || level.at_ns < summary.first_ns;
    const double at = is_first ? 0 : static_cast<double>(level.at_ns - summary.first_ns) / 1e9;
    text += fmt::format("  from {:>10.6f} s  {}: {}\n", at, level_text(level), why_text(level));
  }
  return text;
}

nlohmann::json detail_json(const model::Summary& summary) {
  nlohmann::json levels = nlohmann::json::array();
  for (const model::DetailChange& level : summary.details)
    levels.push_back({{"begin_ns", level.begin_ns},
                      {"at_ns", level.at_ns},
                      {"level", model::detail_name(level.to)},
                      {"sample", level.sample},
                      {"why", level.why},
                      {"used_ppm", level.used_ppm},
                      {"budget_ppm", level.budget_ppm}});
  return levels;
}

}  // namespace wp::report
