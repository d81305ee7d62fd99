// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <cmath>

#include "userspace/base/text.hpp"
#include "userspace/report/diff.hpp"

namespace wp::report {
namespace {

std::string plain(double ns) { return duration_text(static_cast<std::uint64_t>(std::llround(std::max(ns, 0.0)))); }

std::string with_sign(double ns) {
  return (ns < 0 ? "-" : "+") + duration_text(static_cast<std::uint64_t>(std::llround(std::abs(ns))));
}

const char* measure(const Difference& d) {
  if (d.is_p99) return "p99";
  return d.row >= DiffSide::kFirstCause ? "mean" : "median";
}

const char* verdict(const Difference& d) {
  return d.is_slower() ? "slower" : d.is_faster() ? "faster" : "no difference shown";
}

std::string row_text(const Difference& d, const Style& style) {
  const std::string percent = d.a_ns > 0 ? fmt::format("{:+.0f} %", 100 * (d.b_ns - d.a_ns) / d.a_ns) : "-";
  std::string line = pad_right(diff_row_name(d.row), 19) + pad_right(measure(d), 7) + pad_left(plain(d.a_ns), 9) +
                     pad_left(plain(d.b_ns), 10) + pad_left(percent, 8) +
                     pad_left(with_sign(d.low_ns) + " .. " + with_sign(d.high_ns), 26) +
                     pad_left(fmt::format("{:.2f}", d.superiority), 6) + "  " + verdict(d);
  if (d.is_shown()) line = paint(style, d.is_slower() ? Color::kRed : Color::kGreen, line);
  return line + '\n';
}

}  // namespace

std::string render_diff(const Diff& diff, const std::string& a, const std::string& b, const Style& style) {
  std::string text = paint(style, Color::kBold, "wakepath diff") + '\n';
  text += fmt::format("  A  {}, {}\n  B  {}, {}\n", printable(a), counted(diff.a_requests, "request"), printable(b),
                      counted(diff.b_requests, "request"));
  if (!diff.too_few.empty()) return text + "\nundecided: " + diff.too_few + '\n';
  text += '\n' + pad_right("", 19) + pad_right("of", 7) + pad_left("A", 9) + pad_left("B", 10) + pad_left("change", 8) +
          pad_left("interval of B - A", 26) + pad_left("B>A", 6) + '\n';
  for (const Difference& d : diff.rows) text += row_text(d, style);
  std::size_t shown = 0;
  for (const Difference& d : diff.rows) shown += d.is_shown();
  text += shown ? fmt::format("\n{} of {} rows differ\n", shown, diff.rows.size())
                : fmt::format("\nno difference shown in any of {} rows\n", diff.rows.size());
  return text;
}

nlohmann::json diff_json(const Diff& diff) {
  nlohmann::json rows = nlohmann::json::array();
  for (const Difference& d : diff.rows)
    rows.push_back({{"row", diff_row_name(d.row)},
                    {"of", measure(d)},
                    {"a_ns", std::llround(d.a_ns)},
                    {"b_ns", std::llround(d.b_ns)},
                    {"low_ns", std::llround(d.low_ns)},
                    {"high_ns", std::llround(d.high_ns)},
                    {"margin_ns", std::llround(d.margin_ns)},
                    {"superiority_permille", std::llround(d.superiority * 1000)},
                    {"verdict", d.is_slower()   ? "slower"
                                : d.is_faster() ? "faster"
                                                : "none_shown"}});
  return {{"a_requests", diff.a_requests},
          {"b_requests", diff.b_requests},
          {"undecided", diff.too_few},
          {"difference_shown", diff.is_shown()},
          {"rows", std::move(rows)}};
}

}  // namespace wp::report
