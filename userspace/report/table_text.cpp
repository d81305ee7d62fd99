// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/table_text.hpp"

#include <fmt/format.h>

namespace wp::report {
namespace {

struct Unit {
  const char* name;
  std::uint64_t ns;
  int decimals;
};
constexpr Unit kNanoseconds = {"ns", 1, 0};
constexpr Unit kUnits[] = {{"s", 1'000'000'000, 2}, {"ms", 1'000'000, 2}, {"us", 1'000, 2}};

struct Column {
  const char* name;
  double percent;
};
constexpr Column kColumns[] = {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99.9", 99.9}, {"max", 100}};
constexpr std::size_t kNameWidth = 10, kCountWidth = 11, kValueWidth = 10, kShareWidth = 8;

// The one that gives the total of this column at least two digits before the point.
Unit unit_for(const Histogram& total, const Column& column) {
  const std::uint64_t value_ns = total.percentile_ns(column.percent).value_or(0);
  for (const Unit& unit : kUnits) {
    if (value_ns >= 10 * unit.ns) return unit;
  }
  return kNanoseconds;
}

// Never rounds something to nothing.
std::string in_unit(std::optional<std::uint64_t> value_ns, const Unit& unit) {
  if (!value_ns) return "-";
  if (unit.decimals == 0 || *value_ns == 0) return std::to_string(*value_ns / unit.ns);
  if (*value_ns * 200 < unit.ns) return "<0.01";
  return fmt::format("{:.{}f}", static_cast<double>(*value_ns) / static_cast<double>(unit.ns), unit.decimals);
}

bool is_inside_total(const std::string& name) { return name != "reply" && name != "xmit"; }

std::string row_text(const StageTable::Row& row, const Histogram& total) {
  std::string line = pad_right(row.name, kNameWidth);
  const bool begins = row.times->count() == 0 && row.counts != nullptr && row.counts->first > 0;
  if (begins) return line + pad_left(grouped(row.counts->first), kCountWidth) + "  begin here\n";
  line += pad_left(grouped(row.times->count()), kCountWidth);
  for (const Column& column : kColumns) {
    line += pad_left(in_unit(row.times->percentile_ns(column.percent), unit_for(total, column)), kValueWidth);
  }
  const bool has_share = row.times->count() > 0 && is_inside_total(row.name);
  return line + pad_left(has_share ? percent_text(row.times->sum_ns(), total.sum_ns()) : "-", kShareWidth) + '\n';
}

std::string seen_words(model::Seen seen) {
  std::string words = model::seen_name(seen);
  for (char& c : words) {
    if (c == '_') c = ' ';
  }
  return words;
}

}  // namespace

std::string time_table(const StageTable& table) {
  std::string text = pad_right("stage", kNameWidth) + pad_left("paths", kCountWidth);
  for (const Column& column : kColumns) {
    text += pad_left(fmt::format("{} {}", column.name, unit_for(table.total(), column).name), kValueWidth);
  }
  text += pad_left("share", kShareWidth) + '\n';
  for (const StageTable::Row& row : table.rows()) text += row_text(row, table.total());
  if (table.untimed() > 0) {
    text += fmt::format("{} of {} paths have no total and are not in this table\n", grouped(table.untimed()),
                        grouped(table.paths()));
  }
  return text;
}

std::string untimed_stages(const StageTable& table, const Style& style) {
  std::string text;
  for (const StageTable::Row& row : table.rows()) {
    if (row.counts == nullptr) continue;
    for (const auto seen :
         {model::Seen::kInferred, model::Seen::kNotNeeded, model::Seen::kNotApplicable, model::Seen::kUnknown}) {
      const auto& by_reason = row.counts->reasons[static_cast<std::size_t>(seen)];
      for (std::size_t reason = 0; reason < by_reason.size(); ++reason) {
        if (by_reason[reason] == 0) continue;
        text += fmt::format("{:<10}{:>11}  {:<15} {}\n", row.name, grouped(by_reason[reason]), seen_words(seen),
                            model::reason_text(static_cast<model::Reason>(reason)));
      }
    }
  }
  return text.empty()
             ? text
             : '\n' + paint(style, Color::kBold, "stages without a time of their own, and inferred ones") + '\n' + text;
}

}  // namespace wp::report
