// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/base/text.hpp"
#include "userspace/report/activity.hpp"
#include "userspace/report/detail.hpp"
#include "userspace/report/summary.hpp"

namespace wp::report {
namespace {

using nlohmann::json;

json mechanisms_json(const MechanismCounts& counts) {
  json mechanisms = json::object();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) mechanisms[model::mechanism_name(static_cast<model::Mechanism>(i))] = counts[i];
  }
  return mechanisms;
}

json missing_hooks_json(const model::RecordingInfo& info) {
  json hooks = json::array();
  for (const model::HookUse& hook : info.hooks) {
    if (!hook.is_missing()) continue;
    hooks.push_back({{"name", valid_utf8(hook.name)},
                     {"tracepoint", valid_utf8(hook.tracepoint)},
                     {"stage", valid_utf8(hook.stage)},
                     {"reason", valid_utf8(hook.reason)}});
  }
  return hooks;
}

json hooks_json(const model::RecordingInfo& info) {
  json hooks = json::array();
  for (const model::HookUse& hook : info.hooks) {
    hooks.push_back({{"name", valid_utf8(hook.name)},
                     {"tracepoint", valid_utf8(hook.tracepoint)},
                     {"attached", hook.attached},
                     {"reason", valid_utf8(hook.reason)},
                     {"fired", hook.fired},
                     {"self", hook.self},
                     {"filtered", hook.filtered},
                     {"noted", hook.noted},
                     {"map_full", hook.map_full},
                     {"ring_full", hook.ring_full},
                     {"submitted", hook.submitted},
                     {"missed", hook.missed}});
  }
  return hooks;
}

json recording_json(const model::RecordingInfo& info, const model::Summary& summary) {
  return {{"tool_version", valid_utf8(info.tool_version)},
          {"kernel", valid_utf8(info.kernel)},
          {"arch", valid_utf8(info.host_arch)},
          {"cpus", info.cpus},
          {"target", valid_utf8(info.target)},
          {"command", valid_utf8(info.command)},
          {"realtime_offset_ns", info.realtime_offset_ns},
          {"first_ns", summary.first_ns},
          {"last_ns", summary.last_ns},
          {"events", summary.events},
          {"closed_cleanly", info.closed_cleanly},
          {"levels", detail_json(summary)},
          {"missing_hooks", missing_hooks_json(info)},
          {"hooks", hooks_json(info)}};
}

json books_json(const model::RecordingInfo& info, const model::Books& books) {
  json lost = json::array();
  for (const model::HookLoss& one : books.lost) {
    const std::string hook = one.hook < info.hooks.size() ? info.hooks[one.hook].name : std::to_string(one.hook);
    lost.push_back({{"hook", valid_utf8(hook)},
                    {"cpu", one.cpu == ~0U ? json(nullptr) : json(one.cpu)},
                    {"ring_full", one.ring_full},
                    {"map_full", one.map_full},
                    {"missed", one.missed},
                    {"from_ns", one.from_ns},
                    {"to_ns", one.to_ns}});
  }
  return {{"fired", books.fired},
          {"submitted", books.submitted},
          {"ring_full", books.ring_full},
          {"map_full", books.map_full},
          {"missed", books.missed},
          {"received", books.received},
          {"dropped", books.dropped},
          {"in_file", books.in_file},
          {"in_gaps", books.in_gaps},
          {"hooks_difference", books.hooks_difference},
          {"rings_difference", books.rings_difference},
          {"lost", std::move(lost)}};
}

json loss_json(const model::RecordingInfo& info, const model::Summary& summary, const Report& report) {
  json gaps = json::array();
  for (const model::Gap& gap : summary.gaps) {
    json entry = {{"from_ns", gap.from_ns}, {"to_ns", gap.to_ns}, {"count", gap.count}, {"why", valid_utf8(gap.why)}};
    entry["cpu"] = gap.cpu == ~0U ? json(nullptr) : json(gap.cpu);
    gaps.push_back(std::move(entry));
  }
  return {{"events", summary.events_lost},
          {"damaged_blocks", summary.damaged_blocks},
          {"clock_regressions", summary.clock_regressions},
          {"paths_nearby", report.near_loss()},
          {"books", books_json(info, summary.books)},
          {"gaps", std::move(gaps)}};
}

json wakes_json(const model::Summary& summary, const Report& report) {
  json not_needed = json::object();
  for (std::size_t i = 0; i < model::kReasonCount; ++i) {
    if (report.no_wake()[i] > 0) not_needed[model::reason_name(static_cast<model::Reason>(i))] = report.no_wake()[i];
  }
  json wakes = {{"all", summary.wakes},
                {"by_delivery", summary.wakes_by_delivery},
                {"reads", report.reads()},
                {"paths_woken_observed", report.wakes_observed()},
                {"paths_woken_inferred", report.wakes_inferred()},
                {"paths_unknown", report.wakes_unknown()},
                {"not_needed", std::move(not_needed)}};
  const bool has_reads = report.reads() > 0;
  wakes["per_1000_reads"] = has_reads ? json(summary.wakes_by_delivery * 1000 / report.reads()) : json(nullptr);
  return wakes;
}

json threads_json(const Report& report) {
  json threads = json::array();
  for (const Report::Thread& thread : report.threads()) {
    threads.push_back({{"pid", thread.task.pid},
                       {"tid", thread.task.id.tid},
                       {"comm", valid_utf8(thread.task.comm)},
                       {"paths", thread.paths},
                       {"reads", thread.reads},
                       {"reads_woken", thread.woken},
                       {"mechanisms", mechanisms_json(thread.mechanisms)}});
  }
  return threads;
}

json diagnostics_json(const model::Summary& summary) {
  json diagnostics = json::array();
  for (const model::Diagnostic& diagnostic : summary.diagnostics) {
    diagnostics.push_back({{"name", valid_utf8(diagnostic.name)},
                           {"severity", severity_name(diagnostic.severity)},
                           {"count", diagnostic.count},
                           {"sentence", valid_utf8(diagnostic.sentence)}});
  }
  return diagnostics;
}

json totals_json(const model::Summary& summary) {
  // Where calls were not watched all the time, what is counted of them is not all.
  const auto of_calls = [&](std::uint64_t count) { return summary.has_calls() ? json(count) : json(nullptr); };
  return {{"deliveries", summary.deliveries},
          {"deliveries_unread", summary.deliveries_unread},
          {"reads", summary.reads},
          {"empty_reads", summary.empty_reads},
          {"eof_reads", summary.eof_reads},
          {"waits", of_calls(summary.waits)},
          {"empty_waits", of_calls(summary.empty_waits)},
          {"slept_waits", of_calls(summary.slept_waits)},
          {"accepts", of_calls(summary.accepts)},
          {"sends", of_calls(summary.sends)},
          {"drops", summary.drops}};
}

json named_counts(const std::map<std::string, std::uint64_t>& counts) {
  json object = json::object();
  for (const auto& [name, count] : counts) object[valid_utf8(name)] = count;
  return object;
}

}  // namespace

json summary_json(const model::RecordingInfo& info, const model::Summary& summary, const Report& report) {
  json devices = json::object();
  for (const auto& [name, device] : report.devices()) {
    devices[valid_utf8(name)] = {{"kind", valid_utf8(device.kind)}, {"paths", device.paths}};
  }
  json out = {{"recording", recording_json(info, summary)},
              {"paths", {{"all", report.paths()}, {"complete", report.complete()}}},
              {"totals", totals_json(summary)},
              {"activity", activity_json(summary.activity)},
              {"stages", report.stages().json()},
              {"blame", blame_json(report.blame().groups())},
              {"mechanisms", mechanisms_json(report.mechanisms())},
              {"threads", threads_json(report)},
              {"wakes", wakes_json(summary, report)},
              {"transports", named_counts(report.transports())},
              {"devices", std::move(devices)},
              {"receive", report.receive().json()},
              {"accept_queue", histogram_json(report.accept_queue())},
              {"drop_reasons", named_counts(summary.drop_reasons)},
              {"loss", loss_json(info, summary, report)},
              {"diagnostics", diagnostics_json(summary)}};
  const Report::Slowest slowest = report.slowest();
  out["slowest"] = slowest.id == 0 ? json(nullptr) : json({{"id", slowest.id}, {"total_ns", slowest.total_ns}});
  return out;
}

}  // namespace wp::report
