// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/cli/demo_facts.hpp"

#include <fmt/args.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "userspace/report/activity.hpp"

namespace wp::cli {
namespace {

void add_ratio(nlohmann::json& facts, const char* name, std::uint64_t of, std::uint64_t to) {
  if (to > 0) facts[name] = static_cast<double>(of) / static_cast<double>(to);
}

// The most frequent first; then of how many paths it is not known.
std::string mechanisms_seen(const report::Report& report) {
  std::vector<std::pair<std::uint64_t, std::string>> seen;
  for (std::size_t i = 0; i < report::kMechanismCount; ++i) {
    const auto mechanism = static_cast<model::Mechanism>(i);
    if (report.mechanisms()[i] == 0 || mechanism == model::Mechanism::kNone) continue;
    if (mechanism != model::Mechanism::kUnknown) seen.emplace_back(report.mechanisms()[i], mechanism_name(mechanism));
  }
  const std::uint64_t unknown = report.mechanisms()[static_cast<std::size_t>(model::Mechanism::kUnknown)];
  if (seen.empty()) return unknown ? "unknown" : "none";
  std::sort(seen.rbegin(), seen.rend());
  std::string text;
  for (const auto& [n, name] : seen) text += (text.empty() ? "" : " ") + name;
  return unknown ? text + fmt::format(" ({} not known)", unknown) : text;
}

void add_processes(nlohmann::json& facts, const model::Activity& activity) {
  std::uint64_t reaped = 0, after_signal = 0, slept = 0, freed = 0;
  std::string statuses;
  for (const model::Process& process : activity.processes) {
    reaped += process.reaped_ns != 0;
    after_signal += process.parent_took_signal;
    slept += process.reaper_slept;
    freed += process.freed_at_once;
    if (process.ended_ns && process.ppid && process.forked_ns)
      statuses += (statuses.empty() ? "" : ", ") + report::wait_status_text(process.code);
  }
  facts["processes_forked"] = activity.processes_forked;
  facts["processes_left"] = activity.processes_left;
  facts["processes_reaped"] = reaped;
  facts["processes_freed_at_once"] = freed;
  facts["reaped_after_sigchld"] = after_signal;
  facts["reaped_asleep"] = slept;
  facts["reap_calls"] = activity.reap_calls;
  facts["reap_calls_empty"] = activity.reap_calls_empty;
  facts["zombie_ms"] = static_cast<double>(activity.zombie_ns) / 1e6;
  facts["statuses"] = statuses;
  facts["shared_sockets"] = activity.shared.sockets;
  facts["most_holders"] = activity.shared.most_holders;
  facts["closes_without_fin"] = activity.shared.closes_without_fin;
  facts["fins_with_the_last"] = activity.shared.fins_with_the_last;
  facts["fins_before_the_last"] = activity.shared.fins_before_the_last;
}

void add_activity(nlohmann::json& facts, const model::Activity& activity, std::uint64_t requests) {
  facts["syscalls"] = activity.syscalls;
  facts["cpu_ns"] = activity.cpu_ns;
  facts["connections_announced"] = activity.connections_announced;
  facts["woken_for_connection"] = activity.woken_for_connection;
  facts["woken_for_nothing"] = activity.woken_for_nothing;
  add_ratio(facts, "syscalls_per_request", activity.syscalls, requests);
  add_ratio(facts, "cpu_ns_per_request", activity.cpu_ns, requests);
  if (requests > 0)
    facts["cpu_us_per_request"] = static_cast<double>(activity.cpu_ns) / 1000 / static_cast<double>(requests);
  std::uint64_t watched = 0, waits = 0;
  for (const auto& [call, use] : activity.waits) {
    watched += use.watched;
    waits += use.calls;
  }
  add_ratio(facts, "watched_per_wait", watched, waits);
  for (const auto& [call, use] : activity.sends) {
    facts[call + "_calls"] = use.calls;
    facts[call + "_packets"] = use.segments;
    facts[call + "_parts"] = use.parts;
  }
  for (const auto& [flag, n] : activity.recv_flags) facts["recv_" + flag] = n;
  for (const auto& [flag, n] : activity.send_flags) facts["send_" + flag] = n;
  for (const auto& [name, use] : activity.signals) {
    facts["signals_" + name + "_sent"] = use.sent;
    facts["signals_" + name + "_taken"] = use.taken;
  }
  add_processes(facts, activity);
}

}  // namespace

nlohmann::json demo_facts(const DemoFindings& findings) {
  const model::Summary& seen = findings.summary;
  const truth::Counts& counts = findings.verdict.counts;
  const std::uint64_t requests = counts.requests;
  nlohmann::json facts{
      {"requests", requests},
      {"complete", counts.complete},
      {"wrong", counts.wrong},
      {"paths", seen.paths},
      {"paths_complete", seen.complete},
      {"deliveries", seen.deliveries},
      {"wakes", seen.wakes},
      {"waits", seen.waits},
      {"slept_waits", seen.slept_waits},
      {"empty_waits", seen.empty_waits},
      {"reads", seen.reads},
      {"empty_reads", seen.empty_reads},
      {"sends", seen.sends},
      {"accepts", seen.accepts},
      {"events_lost", seen.events_lost},
      {"tasks", seen.tasks.size()},
      {"mechanism", mechanisms_seen(findings.report)},
  };
  add_ratio(facts, "wakes_per_request", seen.wakes, requests);
  add_ratio(facts, "waits_per_request", seen.waits, requests);
  add_ratio(facts, "empty_reads_per_request", seen.empty_reads, requests);
  add_ratio(facts, "requests_per_wake", requests, seen.wakes);
  if (const auto& memory = findings.run.memory)
    facts["memory_per_connection_bytes"] = memory->bytes / static_cast<std::int64_t>(memory->connections);
  add_activity(facts, seen.activity, requests);
  if (findings.plan.demo.transport == DemoTransport::kNone) {
    const auto said = nlohmann::json::parse(findings.run.client_json, nullptr, false);
    for (const auto& [name, value] : said.items())
      if (name.starts_with("told_")) facts[name] = value;
  }
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
    const auto number = [&facts](const char* name) { return facts[name].get<std::uint64_t>(); };
    text += row["transport"] == "none"
                ? fmt::format("{:>6} paths, {} complete; ", number("paths"), number("paths_complete"))
                : fmt::format("{:>6} requests, {} complete, {} wrong; ", number("requests"), number("complete"),
                              number("wrong"));
    text += facts["mechanism"].get<std::string>();
    if (facts.contains("wakes_per_request"))
      text += fmt::format("; {:.2f} wakes, {:.2f} system calls a request", facts["wakes_per_request"].get<double>(),
                          facts["syscalls_per_request"].get<double>());
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
