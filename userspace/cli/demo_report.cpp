// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/cli/demo_report.hpp"

#include <fmt/format.h>

#include <algorithm>
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

namespace {

bool is_expected(const Demo& demo, const std::string& function) {
  return std::find(demo.wake_functions.begin(), demo.wake_functions.end(), function) != demo.wake_functions.end();
}

void judge_truth(const DemoFindings& findings, std::vector<std::string>& problems) {
  const truth::Counts& counts = findings.verdict.counts;
  const Demo& demo = findings.plan.demo;
  if (counts.requests != findings.plan.requests)
    problems.push_back(fmt::format("{} of {} requests answered", counts.requests, findings.plan.requests));
  if (counts.wrong + counts.missing + counts.stray > 0)
    problems.push_back(fmt::format("{} wrong, {} missing, {} stray", counts.wrong, counts.missing, counts.stray));
  // The kernel leaves about one switch in 4,000 unreported (docs/decisions/0007): a row of few requests may meet one.
  constexpr std::uint64_t kAlwaysAllowed = 2;
  if (counts.complete + kAlwaysAllowed < counts.requests &&
      static_cast<double>(counts.complete) < demo.least_complete * static_cast<double>(counts.requests))
    problems.push_back(fmt::format("only {} of {} complete", counts.complete, counts.requests));
}

/// What a program without a client knows it did, against what the trace counted under the same names.
void judge_said(const nlohmann::json& said, const nlohmann::json& facts, std::vector<std::string>& problems) {
  if (!said.is_object()) problems.push_back("the program did not tell what it did");
  for (const auto& [name, value] : said.items()) {
    if (name.starts_with("told_")) continue;
    if (!facts.contains(name))
      problems.push_back(fmt::format("{}: the program says {}, the trace says nothing", name, value.dump()));
    else if (facts[name] != value)
      problems.push_back(fmt::format("{}: the program says {}, the trace {}", name, value.dump(), facts[name].dump()));
  }
}

}  // namespace

std::vector<std::string> demo_problems(const DemoFindings& findings, const nlohmann::json& facts) {
  std::vector<std::string> problems;
  const Demo& demo = findings.plan.demo;
  if (demo.transport != DemoTransport::kNone)
    judge_truth(findings, problems);
  else
    judge_said(nlohmann::json::parse(findings.run.client_json, nullptr, false), facts, problems);
  const auto& seen = findings.witness.by_function();
  for (const auto& [function, n] : seen) {
    if (!is_expected(demo, function))
      problems.push_back(fmt::format("{} deliveries found a task behind {}, which it does not wait by", n, function));
  }
  if (seen.empty() && !demo.wake_functions[0].empty())
    problems.push_back(fmt::format("no delivery found a task behind {}", demo.wake_functions[0]));
  return problems;
}

Result<nlohmann::json> demo_json(const DemoFindings& findings) {
  const truth::Counts& counts = findings.verdict.counts;
  nlohmann::json client = nlohmann::json::parse(findings.run.client_json, nullptr, false);
  if (client.is_discarded()) return Error{ExitCode::kError, "the client printed no JSON: " + findings.run.client_json};
  return nlohmann::json{
      {"demo", findings.plan.demo.name},
      {"server", findings.plan.demo.program},
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
  if (findings.plan.demo.transport == DemoTransport::kNone) return text + "recording: " + recording + '\n';
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
