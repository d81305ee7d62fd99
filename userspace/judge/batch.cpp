// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/judge/batch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "userspace/base/text.hpp"

namespace wp::judge {

namespace {

using Json = nlohmann::ordered_json;

// Counts stay counts.
Json number_json(double number) {
  constexpr double kExact = 9007199254740992;  // 2^53
  if (std::floor(number) == number && std::abs(number) < kExact) return static_cast<std::int64_t>(number);
  return number;
}

Json run_json(const ArmRun& run) {
  Json json{{"arm", run.arm}, {"round", run.round}, {"order", run.order}, {"seconds", run.seconds}};
  if (!run.error.empty()) json["error"] = valid_utf8(run.error);
  if (!run.wait_class.empty()) {
    json["wait_class"] = run.wait_class;
    json["kind"] = valid_utf8(run.kind);
    json["architecture"] = run.architecture;
    json["wait_evidence"] = valid_utf8(run.wait_evidence);
  }
  Json facts = Json::object();
  for (const auto& [name, number] : run.facts) facts[name] = number_json(number);
  json["facts"] = std::move(facts);
  if (run.shown.empty()) return json;
  for (const Shown& shown : run.shown) json["shown"].push_back({{"which", shown.which}, {"text", shown.text}});
  return json;
}

/// Fills fields from an object; the first that does not fit is kept.
class Fields {
 public:
  Fields(const Json& json, std::string where) : json_(json), where_(std::move(where)) {}

  void text(const char* key, std::string& into, bool required = false) {
    if (const Json* field = get(key, required); field && expect(field->is_string(), key))
      into = field->get<std::string>();
  }
  void number(const char* key, std::uint64_t& into) {
    const Json* field = get(key, true);
    if (field && expect(field->is_number_unsigned(), key)) into = field->get<std::uint64_t>();
  }
  const Json* list(const char* key, bool required) {
    const Json* field = get(key, required);
    return field && expect(field->is_array(), key) ? field : nullptr;
  }
  const Json* get(const char* key, bool required) {
    if (!json_.is_object()) {
      expect(false, "object");
      return nullptr;
    }
    const auto found = json_.find(key);
    if (found == json_.end()) {
      if (required) expect(false, key);
      return nullptr;
    }
    return &*found;
  }
  bool expect(bool holds, const char* key) {
    if (!holds && wrong_.empty()) wrong_ = fmt::format("{}: '{}' is missing or of the wrong sort", where_, key);
    return holds;
  }
  [[nodiscard]] const std::string& wrong() const { return wrong_; }

 private:
  const Json& json_;
  std::string where_, wrong_;
};

std::string read_run(const Json& json, std::size_t number, ArmRun& run) {
  Fields fields(json, fmt::format("run {}", number));
  fields.text("arm", run.arm, true);
  fields.number("round", run.round);
  fields.number("order", run.order);
  if (const Json* seconds = fields.get("seconds", true); seconds && fields.expect(seconds->is_number(), "seconds"))
    run.seconds = seconds->get<double>();
  fields.text("error", run.error);
  fields.text("wait_class", run.wait_class);
  fields.text("kind", run.kind);
  fields.text("architecture", run.architecture);
  fields.text("wait_evidence", run.wait_evidence);
  if (const Json* facts = fields.get("facts", true); facts && fields.expect(facts->is_object(), "facts"))
    for (const auto& [name, value] : facts->items())
      if (fields.expect(value.is_number(), "facts")) run.facts[name] = value.get<double>();
  const Json* shown = fields.list("shown", false);
  for (std::size_t i = 0; shown && i < shown->size(); ++i) {
    Fields one((*shown)[i], fmt::format("run {}, shown {}", number, i));
    one.text("which", run.shown.emplace_back().which, true);
    one.text("text", run.shown.back().text, true);
    if (!one.wrong().empty()) return one.wrong();
  }
  return fields.wrong();
}

}  // namespace

std::vector<const ArmRun*> Batch::of(const std::string& arm) const {
  std::vector<const ArmRun*> found;
  for (const ArmRun& run : runs)
    if (run.arm == arm) found.push_back(&run);
  std::stable_sort(found.begin(), found.end(), [](const ArmRun* a, const ArmRun* b) { return a->round < b->round; });
  return found;
}

Result<void> append(Batch& batch, Batch later) {
  if (batch.catalogue_hash != later.catalogue_hash || batch.kernel != later.kernel)
    return Error{ExitCode::kUsage, "runs of another catalogue or kernel can't be added"};
  std::map<std::string, std::uint64_t> rounds;
  for (const ArmRun& run : batch.runs) rounds[run.arm] = std::max(rounds[run.arm], run.round + 1);
  for (ArmRun& run : later.runs) {
    run.round += rounds[run.arm];
    run.order += batch.runs.size();
  }
  std::move(later.runs.begin(), later.runs.end(), std::back_inserter(batch.runs));
  batch.seconds += later.seconds;
  return {};
}

Json batch_json(const Batch& batch) {
  Json json{{"tool_version", batch.tool_version},
            {"kernel", batch.kernel},
            {"catalogue_hash", batch.catalogue_hash},
            {"cpus", batch.cpus},
            {"seconds", batch.seconds},
            {"runs", Json::array()}};
  for (const ArmRun& run : batch.runs) json["runs"].push_back(run_json(run));
  return json;
}

Result<Batch> parse_batch(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  Batch batch;
  Fields fields(json, "the batch");
  fields.text("tool_version", batch.tool_version, true);
  fields.text("kernel", batch.kernel, true);
  fields.text("catalogue_hash", batch.catalogue_hash, true);
  fields.number("cpus", batch.cpus);
  if (const Json* seconds = fields.get("seconds", true); seconds && fields.expect(seconds->is_number(), "seconds"))
    batch.seconds = seconds->get<double>();
  const Json* runs = fields.list("runs", true);
  std::string wrong = fields.wrong();
  for (std::size_t i = 0; wrong.empty() && runs && i < runs->size(); ++i) {
    batch.runs.emplace_back();
    wrong = read_run((*runs)[i], i, batch.runs.back());
  }
  if (!wrong.empty()) return Error{ExitCode::kUsage, wrong + "; it is no batch that 'wakepath claims run' wrote"};
  return batch;
}

}  // namespace wp::judge
