// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/cli/demo_report.hpp"

#include <fmt/format.h>

#include <iterator>

namespace wp::cli {

void WitnessCount::add(const model::Path& path) {
  if (path.peek || path.part_of_delivery != 0) return;  // each delivery once
  bool found = false;
  for (const model::WitnessEntry& entry : path.witness) {
    if (!entry.waiting) continue;
    found = true;
    ++by_function_[entry.func];
  }
  if (found) ++waiting_;
}

Result<nlohmann::json> demo_json(const DemoFindings& findings) {
  const truth::Counts& counts = findings.verdict.counts;
  nlohmann::json client = nlohmann::json::parse(findings.run.client_json, nullptr, false);
  if (client.is_discarded()) return Error{ExitCode::kError, "the client printed no JSON: " + findings.run.client_json};
  return nlohmann::json{
      {"demo", findings.plan.demo.name},
      {"server", findings.plan.demo.server},
      {"recording", findings.plan.recording.string()},
      {"truth", {{"requests", counts.requests}}},
      {"paths",
       {{"complete", counts.complete},
        {"partial", counts.partial},
        {"missing", counts.missing},
        {"wrong", counts.wrong},
        {"stray", counts.stray}}},
      {"contradictions", findings.verdict.contradictions},
      {"loss", {{"events", findings.summary.events_lost}}},
      {"stages", findings.report.stages().json()},
      {"client", std::move(client)},
      {"witness", {{"waiting", findings.witness.waiting()}, {"by_function", findings.witness.by_function()}}},
      {"explanations", findings.verdict.explanations},
  };
}

std::string demo_text(const DemoFindings& findings, const report::Style& style) {
  const truth::Counts& counts = findings.verdict.counts;
  const std::string recording = findings.plan.recording.string();
  std::string text = report::render_summary(findings.info, findings.summary, findings.report, style, recording);
  auto out = std::back_inserter(text);
  fmt::format_to(out,
                 "\nground truth of {}: {} requests: {} complete, {} partial, {} missing, {} wrong; {} stray paths\n",
                 findings.plan.demo.name, counts.requests, counts.complete, counts.partial, counts.missing,
                 counts.wrong, counts.stray);
  for (const std::string& explanation : findings.verdict.explanations) fmt::format_to(out, "  {}\n", explanation);
  fmt::format_to(out, "deliveries that found a task waiting: {}\n", findings.witness.waiting());
  for (const auto& [function, n] : findings.witness.by_function()) fmt::format_to(out, "  {} {}\n", function, n);
  fmt::format_to(out, "recording: {}\n", recording);
  return text;
}

}  // namespace wp::cli
