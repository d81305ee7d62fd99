// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/base/text.hpp"
#include "userspace/judge/settle_output.hpp"
#include "userspace/judge/settle_words.hpp"

namespace wp::judge {

namespace {

using Json = nlohmann::ordered_json;

Json number_or_null(const std::optional<double>& number) { return number ? Json(*number) : Json(nullptr); }

Json source_json(const NoteClaim& claim) {
  return {{"note", claim.note}, {"lines", claim.lines}, {"korean", claim.korean}, {"english", claim.english}};
}

Json rule_json(const Part& part) {
  if (!part.not_applicable.empty()) return {{"says", part.says}, {"not_applicable", part.not_applicable}};
  return {{"says", part.says},
          {"statistic", statistic_name(part.statistic)},
          {"quantity", part.quantity},
          {"equals", part.equals},
          {"subject", part.subject},
          {"baseline", part.baseline},
          {"confirm", part.confirm.text},
          {"refute", part.refute.text},
          {"least", part.least},
          {"contention", number_or_null(part.contention)},
          {"witnesses", part.witnesses}};
}

Json part_json(const SettledPart& p) {
  Json gates = Json::array();
  for (const Gate& gate : p.gates)
    gates.push_back({{"name", gate.name}, {"holds", gate.holds}, {"why", valid_utf8(gate.why)}});
  return {{"rule", rule_json(*p.part)},
          {"verdict", verdict_name(p.verdict)},
          {"number", number_or_null(p.number)},
          {"lower", number_or_null(p.lower)},
          {"upper", number_or_null(p.upper)},
          {"n", p.n},
          {"unit", p.unit},
          {"why", valid_utf8(p.why)},
          {"would_change", what_would_change(p)},
          {"gates", std::move(gates)}};
}

}  // namespace

Json catalogue_json(const Catalogue& catalogue) {
  Json claims = Json::array();
  for (const NoteClaim& claim : catalogue.claims) {
    Json rules = Json::array();
    for (const Part& part : claim.parts) rules.push_back(rule_json(part));
    claims.push_back({{"id", claim.id},
                      {"hash", claim.hash},
                      {"source", source_json(claim)},
                      {"corrected", claim.corrected},
                      {"functions", claim.functions},
                      {"traps", claim.traps},
                      {"regime", claim.regime},
                      {"runs", claim.runs},
                      {"rules", std::move(rules)}});
  }
  return {{"catalogue_hash", catalogue.hash}, {"claims", std::move(claims)}};
}

Json settled_json(const std::vector<Settled>& all, const Catalogue& catalogue, const Batch& batch) {
  Json claims = Json::array(), controls = Json::array();
  for (const Settled& s : all) {
    Json parts = Json::array();
    for (const SettledPart& part : s.parts) parts.push_back(part_json(part));
    claims.push_back({{"id", s.claim->id},
                      {"hash", s.claim->hash},
                      {"source", source_json(*s.claim)},
                      {"verdict", verdict_name(s.verdict)},
                      {"corrected", s.claim->corrected},
                      {"functions", s.claim->functions},
                      {"regime", s.claim->regime},
                      {"parts", std::move(parts)}});
  }
  const auto rows = confusion(catalogue, batch);
  for (const ControlRow& row : rows) {
    const Share share = row.share();
    controls.push_back({{"arm", row.arm},
                        {"is", row.is},
                        {"built", row.built},
                        {"runs", row.runs},
                        {"right", row.right},
                        {"failed", row.failed},
                        {"right_at_least", share.lower()},
                        {"called", row.called},
                        {"called_built", row.called_built}});
  }
  return {{"kernel", valid_utf8(batch.kernel)},
          {"cpus", batch.cpus},
          {"seconds", batch.seconds},
          {"runs", batch.runs.size()},
          {"catalogue_hash", batch.catalogue_hash},
          {"trusted", broken_control(rows).empty() && !rows.empty()},
          {"controls", std::move(controls)},
          {"claims", std::move(claims)}};
}

}  // namespace wp::judge
