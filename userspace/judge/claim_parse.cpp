// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <toml++/toml.h>
#include <array>
#include <charconv>
#include <regex>

#include "userspace/base/text.hpp"
#include "userspace/judge/claim.hpp"

namespace wp::judge {

namespace {

constexpr std::array kNamed = {"event-driven", "no-polling", "no-spurious-wakes", "no-herd", "no-zombies"};

struct Word {
  const char* name;
  char unit;  // 'n': ns, '%': a share, '1': a plain number
};
constexpr std::array<Word, 9> kWords = {{{"wakes_per_request", '1'},
                                         {"waits_per_request", '1'},
                                         {"empty_polls_per_second", '1'},
                                         {"idle_wakes_per_second", '1'},
                                         {"idle_cpu", '%'},
                                         {"complete_share", '%'},
                                         {"requests", '1'},
                                         {"events_lost", '1'},
                                         {"drops", '1'}}};

Error usage(const std::string& text, const std::string& why) {
  std::string words;
  for (const char* name : kNamed) words += std::string(words.empty() ? "" : ", ") + name;
  words += "; pN(stage..stage) or max(stage..stage)";
  for (const Word& word : kWords) words += std::string(", ") + word.name;
  return {ExitCode::kUsage,
          fmt::format("claim {}: {}; there are {}, with < <= == >= > and a number", in_quotes(text), why, words)};
}

std::optional<double> scaled(const std::string& unit, char kind) {
  if (kind == 'n') {
    if (unit == "ns") return 1;
    if (unit == "us") return 1e3;
    if (unit == "ms") return 1e6;
    if (unit == "s") return 1e9;
    return std::nullopt;
  }
  if (kind == '%') return unit == "%" ? std::optional(0.01) : unit.empty() ? std::optional(1.0) : std::nullopt;
  return unit.empty() ? std::optional(1.0) : std::nullopt;
}

Comparison comparison_from(const std::string& sign) {
  if (sign == "<") return Comparison::kLess;
  if (sign == "<=") return Comparison::kAtMost;
  if (sign == ">") return Comparison::kMore;
  if (sign == ">=") return Comparison::kAtLeast;
  return Comparison::kEqual;
}

}  // namespace

Result<Claim> parse_claim(const std::string& text) {
  Claim claim;
  claim.text = text;
  for (const char* name : kNamed) {
    if (text != name) continue;
    claim.quantity = name;
    claim.named = true;
    return claim;
  }
  static const std::regex kShape(
      R"(\s*([a-z][a-z0-9_.]*)(?:\(\s*([a-z]+)\s*\.\.\s*([a-z]+)\s*\))?\s*(<=|>=|==|<|>)\s*([0-9.]+)\s*([a-z%]*)\s*)");
  std::smatch part;
  if (!std::regex_match(text, part, kShape)) return usage(text, "it is neither a name nor 'quantity < number'");
  claim.quantity = part[1];
  char unit = 0;
  if (part[2].matched) {
    const auto from = model::stage_from_name(part[2]), to = model::stage_from_name(part[3]);
    if (!from || !to) return usage(text, "there is no such stage");
    claim.from = *from;
    claim.to = *to;
    const std::string digits = claim.quantity.substr(1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), claim.percentile);
    if (claim.quantity == "max") {
      claim.percentile = 100;
    } else if (claim.quantity[0] != 'p' || error != std::errc{} || end != digits.data() + digits.size() ||
               claim.percentile <= 0 || claim.percentile >= 100) {
      return usage(text, "a stage range goes with pN, 0 < N < 100, or max");
    }
    claim.quantity = "p";
    unit = 'n';
  } else {
    for (const Word& word : kWords)
      if (claim.quantity == word.name) unit = word.unit;
    if (!unit) return usage(text, fmt::format("there is no quantity {}", in_quotes(claim.quantity)));
  }
  const std::string number = part[5];
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), claim.threshold);
  const auto scale = scaled(part[6], unit);
  if (error != std::errc{} || end != number.data() + number.size() || !scale)
    return usage(text, unit == 'n' ? "a time wants ns, us, ms or s" : "the number or its unit does not fit");
  claim.threshold *= *scale;
  claim.comparison = comparison_from(part[4]);
  return claim;
}

Result<std::vector<Claim>> read_claims(const std::string& file) {
  toml::table table;
  try {
    table = toml::parse_file(file);
  } catch (const toml::parse_error& e) {
    return Error{ExitCode::kUsage, fmt::format("{}:{}: {}", in_quotes(file), e.source().begin.line, e.description())};
  }
  for (const auto& [key, value] : table)
    if (key.str() != "claims")
      return Error{ExitCode::kUsage, fmt::format("{}: there is no key {}; only 'claims', a list of texts",
                                                 in_quotes(file), in_quotes(key.str()))};
  const toml::array* list = table["claims"].as_array();
  if (!list || list->empty())
    return Error{ExitCode::kUsage, in_quotes(file) + ": has no claims; write claims = [\"event-driven\", ...]"};
  std::vector<Claim> claims;
  for (const toml::node& node : *list) {
    const auto text = node.value<std::string>();
    if (!text) return Error{ExitCode::kUsage, in_quotes(file) + ": a claim is a text"};
    auto claim = parse_claim(*text);
    if (!claim) return std::move(claim.error()).within(in_quotes(file));
    claims.push_back(std::move(*claim));
  }
  return claims;
}

}  // namespace wp::judge
