// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/judge/settle_words.hpp"

#include <fmt/format.h>

#include <cmath>

namespace wp::judge {

namespace {

std::string time_words(double ns) {
  if (std::abs(ns) < 1e3) return fmt::format("{:.3g} ns", ns);
  if (std::abs(ns) < 1e6) return fmt::format("{:.3g} us", ns / 1e3);
  if (std::abs(ns) < 1e9) return fmt::format("{:.3g} ms", ns / 1e6);
  return fmt::format("{:.3g} s", ns / 1e9);
}

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

}  // namespace

std::string measured_in(double number, const std::string& unit) {
  if (unit == "share") return fmt::format("{:.4g} %", 100 * number);
  if (unit == "ratio") return fmt::format("{:.3g} times", number);
  if (unit.starts_with("ns")) {
    const std::string per = unit == "ns" ? "" : unit.substr(2);
    std::string words = time_words(number) + per;
    for (char& c : words) c = c == '_' ? ' ' : c;
    return words;
  }
  std::string words = fmt::format("{:.4g}", number);
  if (!unit.empty()) words += " " + unit;
  for (char& c : words) c = c == '_' ? ' ' : c;
  return words;
}

std::string measured_words(const SettledPart& part) {
  if (!part.number) return "";
  std::string words = measured_in(*part.number, part.unit);
  if (part.lower && part.upper && *part.lower != *part.upper)
    words += fmt::format(" [{}, {}]", measured_in(*part.lower, part.unit), measured_in(*part.upper, part.unit));
  return words + fmt::format(", n = {}", part.n);
}

std::string what_is_measured(const Part& part) {
  std::string words = part.quantity;
  if (part.statistic == Statistic::kClass) words += " is " + part.equals;
  words += ": " + joined(part.subject);
  if (!part.baseline.empty()) words += " through " + part.baseline;
  return words;
}

std::string what_would_change(const SettledPart& part) {
  if (!part.part->not_applicable.empty()) return "a machine that has what the sentence speaks of";
  for (const Gate& gate : part.gates)
    if (!gate.holds) return fmt::format("the gate '{}' holding; then the number would count", gate.name);
  std::string confirmed = fmt::format("confirmed, were the whole interval {}", part.part->confirm.text);
  std::string refuted = fmt::format("refuted, were the whole interval {}", part.part->refute.text);
  switch (part.verdict) {
    case Verdict::kConfirmed: return refuted;
    case Verdict::kRefuted: return confirmed;
    default: return confirmed + "; " + refuted;
  }
}

std::string source_words(const NoteClaim& claim) {
  if (claim.note == "beyond") return "said of servers in general";
  std::string lines;
  for (const std::uint64_t line : claim.lines) lines += (lines.empty() ? "" : ", ") + std::to_string(line);
  return fmt::format("note on {}, line{} {}",
                     claim.note == "processes" ? "processes and I/O" : "event-driven processing",
                     claim.lines.size() > 1 ? "s" : "", lines);
}

}  // namespace wp::judge
