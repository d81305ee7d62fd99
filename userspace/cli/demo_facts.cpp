// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/cli/demo_facts.hpp"

#include <fmt/args.h>
#include <fmt/format.h>

#include <utility>

namespace wp::cli {
namespace {

void add_ratio(nlohmann::json& facts, const char* name, std::uint64_t of, std::uint64_t to) {
  if (to > 0) facts[name] = static_cast<double>(of) / static_cast<double>(to);
}

std::string mechanisms_seen(const report::Report& report) {
  std::string text;
  for (std::size_t i = 0; i < report::kMechanismCount; ++i) {
    if (report.mechanisms()[i] == 0 || static_cast<model::Mechanism>(i) == model::Mechanism::kNone) continue;
    text += (text.empty() ? "" : " ") + std::string(model::mechanism_name(static_cast<model::Mechanism>(i)));
  }
  return text.empty() ? "none" : text;
}

}  // namespace

nlohmann::json demo_facts(const DemoFindings& findings) {
  const model::Summary& seen = findings.summary;
  const truth::Counts& counts = findings.verdict.counts;
  const std::uint64_t requests = counts.requests;
  const std::uint64_t calls = seen.waits + seen.reads + seen.empty_reads + seen.eof_reads + seen.sends + seen.accepts;
  nlohmann::json facts{
      {"requests", requests},
      {"complete", counts.complete},
      {"wrong", counts.wrong},
      {"paths", seen.paths},
      {"wakes", seen.wakes},
      {"waits", seen.waits},
      {"slept_waits", seen.slept_waits},
      {"empty_waits", seen.empty_waits},
      {"reads", seen.reads},
      {"empty_reads", seen.empty_reads},
      {"sends", seen.sends},
      {"accepts", seen.accepts},
      {"calls", calls},
      {"tasks", seen.tasks.size()},
      {"mechanism", mechanisms_seen(findings.report)},
  };
  add_ratio(facts, "wakes_per_request", seen.wakes, requests);
  add_ratio(facts, "waits_per_request", seen.waits, requests);
  add_ratio(facts, "empty_reads_per_request", seen.empty_reads, requests);
  add_ratio(facts, "calls_per_request", calls, requests);
  if (const auto& memory = findings.run.memory)
    facts["memory_per_connection_bytes"] = memory->bytes / static_cast<std::int64_t>(memory->connections);
  add_ratio(facts, "requests_per_wake", requests, seen.wakes);
  return facts;
}

Result<std::string> demo_sentence(const Demo& demo, const nlohmann::json& facts) {
  fmt::dynamic_format_arg_store<fmt::format_context> store;
  for (const auto& [name, value] : facts.items()) {
    if (value.is_number_float()) {
      store.push_back(fmt::arg(name.c_str(), value.get<double>()));
    } else if (value.is_number()) {
      store.push_back(fmt::arg(name.c_str(), value.get<std::int64_t>()));
    } else if (value.is_string()) {
      store.push_back(fmt::arg(name.c_str(), value.get<std::string>()));
    }
  }
  try {
    return fmt::vformat(fmt::string_view(demo.special.data(), demo.special.size()), store);
  } catch (const fmt::format_error& error) {
    return Error{ExitCode::kError, fmt::format("the sentence of demo {} does not fit its facts ({}): {}", demo.name,
                                               error.what(), demo.special)};
  }
}

std::string demo_row_text(const nlohmann::json& row) {
  std::string text = fmt::format("{:<22}", row["demo"].get<std::string>());
  if (row.contains("facts")) {
    const nlohmann::json& facts = row["facts"];
    text += fmt::format("{:>6} requests, {} complete, {} wrong; {}", facts["requests"].get<std::uint64_t>(),
                        facts["complete"].get<std::uint64_t>(), facts["wrong"].get<std::uint64_t>(),
                        facts["mechanism"].get<std::string>());
    if (facts.contains("wakes_per_request"))
      text += fmt::format("; {:.2f} wakes, {:.2f} calls a request", facts["wakes_per_request"].get<double>(),
                          facts["calls_per_request"].get<double>());
    if (facts.contains("cpu_ns_per_request"))
      text += fmt::format(", {:.1f} us of CPU", facts["cpu_ns_per_request"].get<double>() / 1000);
    if (facts.contains("memory_per_connection_bytes"))
      text += fmt::format(", {:.1f} KiB a connection",
                          static_cast<double>(facts["memory_per_connection_bytes"].get<std::int64_t>()) / 1024);
  }
  text += '\n';
  if (row.contains("special") && row["special"].is_string())
    text += fmt::format("    {}\n", row["special"].get<std::string>());
  for (const auto& problem : row["problems"]) text += fmt::format("    PROBLEM: {}\n", problem.get<std::string>());
  return text;
}

}  // namespace wp::cli
