// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <cmath>

#include "userspace/base/text.hpp"
#include "userspace/report/blame_table.hpp"

namespace wp::report {
namespace {

std::string signed_text(double ns) {
  return (ns < 0 ? "-" : "+") + duration_text(static_cast<std::uint64_t>(std::llround(std::abs(ns))));
}

std::string mean_text(double ns) { return ns == 0 ? "-" : duration_text(static_cast<std::uint64_t>(std::llround(ns))); }

std::string interval_text(const std::optional<Interval>& interval) {
  return interval ? signed_text(interval->low) + " .. " + signed_text(interval->high) : "-";
}

std::string group_row(const CauseRow& row, std::uint64_t slow, const Style& style) {
  std::string line = fmt::format("{}{}{}{}{}{}  {}", pad_right(model::cause_name(row.cause), 13),
                                 pad_left(mean_text(row.middle_ns), 9), pad_left(mean_text(row.slow_ns), 10),
                                 pad_left(signed_text(row.slow_ns - row.middle_ns), 11),
                                 pad_left(interval_text(row.grew), 25), pad_left(percent_text(row.first_in, slow), 10),
                                 row.example ? pad_right(fmt::format("#{}", row.example), 9) : pad_right("-", 9));
  const bool is_main = row.first_in * 2 > slow;
  if (is_main) line = paint(style, Color::kBold, line);
  if (!row.culprit.empty()) line += " " + row.culprit;
  return line + '\n';
}

std::string sums(const BlameGroups& groups) {
  std::uint64_t all = 0;
  for (const CauseRow& row : groups.causes) all += row.sum_ns;
  std::string text = fmt::format("  {} have a total: too few to compare the slow ones with the others\n",
                                 counted(groups.requests, "request"));
  for (const CauseRow& row : groups.causes) {
    text += fmt::format("{}{}  {}\n", pad_right(model::cause_name(row.cause), 13),
                        pad_left(percent_text(row.sum_ns, all), 8), model::cause_text(row.cause));
  }
  return text;
}

}  // namespace

std::string render_blame(const BlameGroups& groups, const Style& style) {
  if (groups.requests == 0) return {};
  std::string text = '\n' + paint(style, Color::kBold, "who is to blame") + '\n';
  if (groups.slow == 0) return text + sums(groups);
  text += fmt::format("  slow: the slowest {} of {}, from {}{}; middle half: {} to {}\n", grouped(groups.slow),
                      counted(groups.requests, "request"), duration_text(groups.slow_from_ns),
                      groups.slow_is_whole ? "" : " (fewer than a hundredth: no more are kept)",
                      duration_text(groups.middle_from_ns), duration_text(groups.middle_to_ns));
  text += fmt::format("{}{}{}{}{}{}  {} {}\n", pad_right("cause", 13), pad_left("middle", 9), pad_left("slow", 10),
                      pad_left("grew by", 11), pad_left("95 % interval", 25), pad_left("first in", 10),
                      pad_right("example", 9), "named most often");
  for (const CauseRow& row : groups.causes) {
    if (row.slow_ns == 0 && row.middle_ns == 0) continue;
    text += group_row(row, groups.slow, style);
  }
  return text;
}

nlohmann::json blame_json(const BlameGroups& groups) {
  const auto ns = [](double value) { return std::llround(value); };
  nlohmann::json causes = nlohmann::json::object();
  for (const CauseRow& row : groups.causes) {
    nlohmann::json& one = causes[model::cause_name(row.cause)];
    one["sum_ns"] = row.sum_ns;
    if (groups.slow == 0) continue;
    one["slow_mean_ns"] = ns(row.slow_ns);
    one["middle_mean_ns"] = ns(row.middle_ns);
    one["grew_ns"] = ns(row.slow_ns - row.middle_ns);
    one["grew_low_ns"] = row.grew ? nlohmann::json(ns(row.grew->low)) : nlohmann::json(nullptr);
    one["grew_high_ns"] = row.grew ? nlohmann::json(ns(row.grew->high)) : nlohmann::json(nullptr);
    one["first_in"] = row.first_in;
    one["culprit"] = valid_utf8(row.culprit);
    one["example"] = row.example ? nlohmann::json(row.example) : nlohmann::json(nullptr);
  }
  nlohmann::json out = {{"requests", groups.requests}, {"causes", std::move(causes)}};
  if (groups.slow == 0) return out;
  out["slow"] = {{"n", groups.slow}, {"from_ns", groups.slow_from_ns}, {"whole", groups.slow_is_whole}};
  out["middle"] = {{"n", groups.middle}, {"from_ns", groups.middle_from_ns}, {"to_ns", groups.middle_to_ns}};
  return out;
}

}  // namespace wp::report
