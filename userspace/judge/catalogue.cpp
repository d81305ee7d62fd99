// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/judge/catalogue.hpp"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <charconv>
#include <set>

#include "userspace/base/text.hpp"
#include "userspace/judge/catalogue_hash.hpp"
#include "userspace/judge/quantity.hpp"

namespace wp::judge {

namespace {

/// Reads the keys of one table; what is wrong with it first is kept, and what nobody asked for is wrong.
class Keys {
 public:
  Keys(const toml::table& table, std::string where) : table_(table), where_(std::move(where)) {}

  template <typename T>
  T value(const char* key, T otherwise = {}) {
    known_.insert(key);
    const toml::node* node = table_.get(key);
    if (!node) return otherwise;
    const auto found = node->value_exact<T>();
    if (!found) complain(fmt::format("'{}' has a value of the wrong sort", key));
    return found.value_or(otherwise);
  }
  std::string text(const char* key, bool required = false) {
    auto found = value<std::string>(key);
    if (required && found.empty()) complain(fmt::format("'{}' is missing", key));
    return found;
  }
  std::uint64_t number(const char* key, std::uint64_t otherwise = 0) {
    const auto found = value<std::int64_t>(key, static_cast<std::int64_t>(otherwise));
    if (found < 0) complain(fmt::format("'{}' is negative", key));
    return static_cast<std::uint64_t>(std::max<std::int64_t>(found, 0));
  }
  template <typename T>
  std::vector<T> list(const char* key) {
    known_.insert(key);
    std::vector<T> all;
    const toml::array* array = table_[key].as_array();
    if (!array && table_.contains(key)) complain(fmt::format("'{}' is no list", key));
    if (!array) return all;
    for (const toml::node& node : *array) {
      const auto one = node.value_exact<T>();
      if (!one) complain(fmt::format("'{}' holds a value of the wrong sort", key));
      all.push_back(one.value_or(T{}));
    }
    return all;
  }
  [[nodiscard]] bool has(const char* key) {
    known_.insert(key);
    return table_.contains(key);
  }
  void complain(std::string what) {
    if (wrong_.empty()) wrong_ = where_ + ": " + std::move(what);
  }
  /// Empty: all is well.
  std::string wrong() {
    for (const auto& [key, value] : table_)
      if (!known_.contains(std::string(key.str()))) complain(fmt::format("there is no key {}", in_quotes(key.str())));
    return wrong_;
  }

 private:
  const toml::table& table_;
  std::string where_, wrong_;
  std::set<std::string> known_;
};

Error usage(std::string message) { return {ExitCode::kUsage, std::move(message)}; }

std::optional<Bound> parse_bound(const std::string& text) {
  static constexpr std::pair<const char*, Comparison> kSigns[] = {{"<= ", Comparison::kAtMost},
                                                                  {">= ", Comparison::kAtLeast},
                                                                  {"< ", Comparison::kLess},
                                                                  {"> ", Comparison::kMore}};
  for (const auto& [sign, comparison] : kSigns) {
    if (!text.starts_with(sign)) continue;
    Bound bound{comparison, 0, text};
    const char* begin = text.data() + std::string_view(sign).size();
    const auto [end, error] = std::from_chars(begin, text.data() + text.size(), bound.threshold);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return bound;
  }
  return std::nullopt;
}

bool points_up(const Bound& bound) {
  return bound.comparison == Comparison::kMore || bound.comparison == Comparison::kAtLeast;
}

// One looks up and the other down, and no number satisfies both.
bool leave_a_gap(const Bound& confirm, const Bound& refute) {
  if (points_up(confirm) == points_up(refute)) return false;
  return points_up(confirm) ? refute.threshold < confirm.threshold : confirm.threshold < refute.threshold;
}

std::optional<Statistic> statistic_from(const std::string& name) {
  for (const Statistic s : {Statistic::kShare, Statistic::kEach, Statistic::kRatio, Statistic::kClass})
    if (name == statistic_name(s)) return s;
  return std::nullopt;
}

void read_bounds(Keys& keys, Part& part) {
  const auto confirm = parse_bound(keys.text("confirm")), refute = parse_bound(keys.text("refute"));
  if (!confirm || !refute)
    return keys.complain("'confirm' and 'refute' are a comparison and a number each: \">= 0.99\"");
  part.confirm = *confirm;
  part.refute = *refute;
  if (!leave_a_gap(part.confirm, part.refute))
    keys.complain("'confirm' and 'refute' leave no gap in which nothing is decided");
}

Part read_part(Keys& keys) {
  Part part;
  part.says = keys.text("says", true);
  part.not_applicable = keys.text("not_applicable");
  if (!part.not_applicable.empty()) return part;
  part.subject = keys.list<std::string>("subject");
  part.baseline = keys.text("baseline");
  const auto statistic = statistic_from(keys.text("statistic", true));
  if (!statistic) keys.complain("'statistic' is one of share, each, ratio, class");
  part.statistic = statistic.value_or(Statistic::kShare);
  part.quantity = keys.text("quantity", true);
  part.equals = keys.text("equals");
  part.least = keys.number("least", kLeastOfShare);
  if (keys.has("contention")) part.contention = keys.value<double>("contention");
  part.witnesses = keys.value<bool>("witnesses");
  read_bounds(keys, part);
  if (part.subject.empty()) keys.complain("'subject' names no arm");
  if ((part.statistic == Statistic::kRatio) == part.baseline.empty())
    keys.complain("a ratio, and only that, has a 'baseline'");
  if (part.statistic == Statistic::kClass) {
    if (!is_class_word(part.quantity, part.equals)) keys.complain("'equals' is no word of that quantity");
  } else if (!part.equals.empty() || !find_quantity(part.quantity)) {
    keys.complain("there is no quantity " + in_quotes(part.quantity));
  } else if (part.statistic == Statistic::kShare && !find_quantity(part.quantity)->is_share) {
    keys.complain(in_quotes(part.quantity) + " is no share");
  }
  return part;
}

Result<NoteClaim> read_claim(const toml::table& table, const std::string& file) {
  const std::string where = fmt::format("{}: claim {}", file, table["id"].value_or(std::string("without an id")));
  Keys keys(table, where);
  NoteClaim claim;
  claim.id = keys.text("id", true);
  claim.note = keys.text("note", true);
  for (const std::int64_t line : keys.list<std::int64_t>("lines"))
    claim.lines.push_back(static_cast<std::uint64_t>(line));
  claim.korean = keys.text("korean");
  claim.english = keys.text("english", true);
  claim.corrected = keys.text("corrected", true);
  claim.functions = keys.list<std::string>("functions");
  claim.traps = keys.list<std::string>("traps");
  claim.regime = keys.text("regime", true);
  claim.runs = keys.number("runs");
  const toml::array* parts = keys.has("part") ? table["part"].as_array() : nullptr;
  if (!parts || parts->empty()) keys.complain("it has no [[claim.part]]");
  const bool of_a_note = claim.note == "event-driven" || claim.note == "processes";
  if (!of_a_note && claim.note != "beyond") keys.complain("'note' is event-driven, processes or beyond");
  if (of_a_note && (claim.korean.empty() || claim.lines.empty()))
    keys.complain("the note's words and lines are missing");
  if (auto wrong = keys.wrong(); !wrong.empty()) return usage(std::move(wrong));
  bool measured = false;
  for (const toml::node& node : *parts) {
    const toml::table* one = node.as_table();
    if (!one) return usage(where + ": a part is a table");
    Keys part_keys(*one, fmt::format("{}, part {}", where, claim.parts.size() + 1));
    claim.parts.push_back(read_part(part_keys));
    if (auto wrong = part_keys.wrong(); !wrong.empty()) return usage(std::move(wrong));
    measured = measured || claim.parts.back().not_applicable.empty();
  }
  if (measured != (claim.runs > 0)) return usage(where + ": 'runs' goes with something that is run");
  return claim;
}

Result<Arm> read_arm(const toml::table& table, const std::string& file) {
  Keys keys(table, fmt::format("{}: arm {}", file, table["id"].value_or(std::string("without an id"))));
  Arm arm;
  arm.id = keys.text("id", true);
  arm.demo = keys.text("demo");
  arm.trial = keys.text("trial");
  arm.trace = keys.value<bool>("trace", true);
  arm.connections = keys.number("connections", 1);
  arm.requests = keys.number("requests");
  arm.rate = keys.number("rate");
  arm.interval_us = keys.number("interval_us");
  arm.pipeline = keys.number("pipeline", 1);
  arm.idle = keys.number("idle");
  arm.reconnect = keys.value<bool>("reconnect");
  arm.trials = keys.number("trials");
  arm.quiet_ms = keys.number("quiet_ms");
  arm.quiet_connections = keys.number("quiet_connections");
  arm.early_ms = keys.number("early_ms");
  arm.memory = keys.value<bool>("memory");
  arm.unanswered = keys.value<bool>("unanswered");
  arm.control = keys.text("control");
  arm.built = keys.text("built");
  arm.always = keys.value<bool>("always");
  arm.matrix_only = keys.value<bool>("matrix_only");
  if (arm.demo.empty() == arm.trial.empty()) keys.complain("it is a 'demo' or a 'trial', one of them");
  if (!arm.trial.empty() && (arm.trials == 0 || arm.trial.find('/') == std::string::npos))
    keys.complain("a trial is \"PROGRAM/NAME\", and 'trials' says how often");
  if (!arm.control.empty() && !is_class_word("wait_class", arm.control)) keys.complain("'control' is no class");
  if (!arm.built.empty() && !is_class_word("architecture", arm.built)) keys.complain("'built' is no architecture");
  if (auto wrong = keys.wrong(); !wrong.empty()) return usage(std::move(wrong));
  return arm;
}

template <typename T, typename Read>
Result<void> read_all(const toml::table& table, const char* key, const std::string& file, std::vector<T>& into,
                      Read read) {
  const toml::array* list = table[key].as_array();
  if (!list) return {};
  for (const toml::node& node : *list) {
    if (!node.is_table()) return usage(fmt::format("{}: [[{}]] is a table", file, key));
    auto one = read(*node.as_table(), file);
    if (!one) return std::move(one.error());
    if (std::any_of(into.begin(), into.end(), [&](const T& other) { return other.id == one->id; }))
      return usage(fmt::format("{}: {} {} is there twice", file, key, in_quotes(one->id)));
    into.push_back(std::move(*one));
  }
  return {};
}

Result<void> read_file(Catalogue& catalogue, const std::string& name, const std::string& text) {
  toml::table table;
  try {
    table = toml::parse(text, name);
  } catch (const toml::parse_error& e) {
    return usage(fmt::format("{}:{}: {}", name, e.source().begin.line, e.description()));
  }
  for (const auto& [key, value] : table)
    if (key.str() != "claim" && key.str() != "arm")
      return usage(fmt::format("{}: there is no {}; only [[claim]] and [[arm]]", name, in_quotes(key.str())));
  if (auto arms = read_all(table, "arm", name, catalogue.arms, read_arm); !arms) return arms;
  return read_all(table, "claim", name, catalogue.claims, read_claim);
}

Result<void> check_arms(const Catalogue& catalogue) {
  for (const NoteClaim& claim : catalogue.claims) {
    for (const Part& part : claim.parts) {
      std::vector<std::string> named = part.subject;
      if (!part.baseline.empty()) named.push_back(part.baseline);
      for (const std::string& id : named)
        if (!catalogue.arm(id)) return usage(fmt::format("claim {}: there is no arm {}", claim.id, in_quotes(id)));
    }
  }
  return {};
}

template <typename T>
const T* find(const std::vector<T>& all, const std::string& id) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const T& one) { return one.id == id; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

const char* statistic_name(Statistic statistic) {
  switch (statistic) {
    case Statistic::kShare: return "share";
    case Statistic::kEach: return "each";
    case Statistic::kRatio: return "ratio";
    case Statistic::kClass: break;
  }
  return "class";
}

bool holds(const Bound& bound, double number) {
  switch (bound.comparison) {
    case Comparison::kLess: return number < bound.threshold;
    case Comparison::kAtMost: return number <= bound.threshold;
    case Comparison::kMore: return number > bound.threshold;
    case Comparison::kAtLeast: return number >= bound.threshold;
    case Comparison::kEqual: break;
  }
  return number == bound.threshold;
}

const Arm* Catalogue::arm(const std::string& id) const { return find(arms, id); }
const NoteClaim* Catalogue::claim(const std::string& id) const { return find(claims, id); }

Result<Catalogue> parse_catalogue(const std::vector<std::pair<std::string, std::string>>& files) {
  Catalogue catalogue;
  for (const auto& [name, text] : files)
    if (auto read = read_file(catalogue, name, text); !read) return std::move(read.error());
  if (auto checked = check_arms(catalogue); !checked) return std::move(checked.error());
  set_hashes(catalogue);
  return catalogue;
}

Result<Catalogue> bundled_catalogue() { return parse_catalogue(bundled_claim_files()); }

}  // namespace wp::judge
