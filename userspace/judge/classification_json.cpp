// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/base/text.hpp"
#include "userspace/judge/classification_output.hpp"

namespace wp::judge {

namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Share& share) {
  if (!share.of) return nullptr;
  return {{"hits", share.hits}, {"of", share.of}, {"lower", share.lower()}, {"upper", share.upper()}};
}

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(valid_utf8(text)); }
Json ns_or_null(std::uint64_t ns) { return ns ? Json(ns) : Json(nullptr); }

Json lines(const std::vector<std::string>& texts) {
  Json all = Json::array();
  for (const std::string& text : texts) all.push_back(valid_utf8(text));
  return all;
}

Json json_of(const ThreadVerdict& v) {
  return {{"tid", v.task.id.tid},
          {"pid", v.task.pid},
          {"start_ns", v.task.id.start_ns},
          {"comm", valid_utf8(v.task.comm)},
          {"class", class_name(v.wait)},
          {"kind", text_or_null(v.kind)},
          {"share", json_of(v.share)},
          {"confidence", v.confidence},
          {"period_ns", ns_or_null(v.period_ns)},
          {"spin_budget_ns", ns_or_null(v.spin_budget_ns)},
          {"timer", text_or_null(v.timer)},
          {"evidence", lines(v.evidence)},
          {"counterexample", text_or_null(v.counterexample)},
          {"missing", text_or_null(v.missing)}};
}

}  // namespace

Json classification_json(const Classification& c) {
  Json servers = Json::array();
  for (const ServerVerdict& s : c.servers) {
    Json threads = Json::array();
    for (const ThreadVerdict& v : s.threads) threads.push_back(json_of(v));
    servers.push_back({{"pid", s.pid},
                       {"comm", valid_utf8(s.comm)},
                       {"class", class_name(s.wait)},
                       {"kind", text_or_null(s.kind)},
                       {"architecture", architecture_name(s.architecture)},
                       {"loops", s.loops},
                       {"reading_processes", s.processes},
                       {"evidence", lines(s.evidence)},
                       {"missing", text_or_null(s.missing)},
                       {"threads", std::move(threads)}});
  }
  return {{"watched_ns", c.watched_ns}, {"events_lost", c.events_lost}, {"servers", std::move(servers)}};
}

}  // namespace wp::judge
