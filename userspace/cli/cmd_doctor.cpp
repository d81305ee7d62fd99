// SPDX-License-Identifier: GPL-2.0-or-later
// wakepath doctor: what this kernel and these rights allow, stage by stage.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "userspace/base/text.hpp"
#include "userspace/capture/doctor.hpp"
#include "userspace/cli/commands.hpp"
#include "userspace/cli/output.hpp"

namespace wp::cli {
namespace {

using capture::Diagnosis;
using capture::HookOutlook;
using report::Color;
using report::Style;

constexpr std::size_t kLabel = 10;
// Not stages of a request, so not among the schema's.
constexpr std::array kBesides{"accept", "drop"};

bool is_besides(const capture::StageOutlook& stage) {
  return std::find(kBesides.begin(), kBesides.end(), stage.name) != kBesides.end();
}

std::ptrdiff_t hooks_that(const Diagnosis& d, HookOutlook outlook) {
  return std::count_if(d.hooks.begin(), d.hooks.end(), [&](const auto& h) { return h.outlook == outlook; });
}

std::string line(std::string_view label, std::string_view text, const Style& style) {
  std::string lines;
  std::size_t n = 0;
  const std::size_t room = std::max<std::size_t>(style.width, 60) - kLabel;
  for (const auto& part : report::wrap(text, room))
    lines += report::pad_right(n++ == 0 ? label : "", kLabel) + part + '\n';
  return lines;
}

std::string rights_text(const capture::Rights& rights) {
  const auto has = [](bool yes) { return yes ? "yes" : "no"; };
  return fmt::format("CAP_BPF {}, CAP_PERFMON {}; kernel lockdown: {}", has(rights.cap_bpf), has(rights.cap_perfmon),
                     rights.lockdown.empty() ? "not readable" : printable(rights.lockdown));
}

std::string hooks_text(const Diagnosis& d) {
  return fmt::format("{} of {} attached, {} more when needed, {} missing{}", hooks_that(d, HookOutlook::kAttached),
                     d.hooks.size(), hooks_that(d, HookOutlook::kWhenNeeded), hooks_that(d, HookOutlook::kMissing),
                     d.rights.enough() ? "" : fmt::format(", {} not tried", hooks_that(d, HookOutlook::kNotTried)));
}

std::string symbols_text(const Diagnosis& d) {
  std::string unknown;
  for (const auto& function : d.wake_functions)
    if (!function.known)
      unknown += fmt::format("{}{} ({})", unknown.empty() ? "" : ", ", function.symbol, function.mechanism);
  if (d.wake_functions.empty()) return "not looked at";
  return unknown.empty() ? "every wake function is known: how a reader waits can be told" : "not known: " + unknown;
}

std::string clock_text(const capture::Clock& clock) {
  return fmt::format("CLOCK_MONOTONIC from {}{}", clock.source.empty() ? "an unknown source" : printable(clock.source),
                     clock.slow ? ", slow to read" : "");
}

std::string stage_line(const capture::StageOutlook& stage, const Style& style) {
  const std::string mark = stage.seen      ? paint(style, Color::kGreen, "yes")
                           : stage.untried ? paint(style, Color::kYellow, "?  ")
                                           : paint(style, Color::kRed, "no ");
  std::string text = stage.how;
  if (!stage.seen && !stage.untried) text = stage.reason + (stage.cost.empty() ? "" : "; lost: " + stage.cost);
  std::string lines;
  const std::size_t room = std::max<std::size_t>(style.width, 60) - kLabel - 5;
  for (const auto& part : report::wrap(text, room))
    lines += lines.empty() ? report::pad_right(stage.name, kLabel) + mark + "  " + part + '\n'
                           : std::string(kLabel + 5, ' ') + part + '\n';
  return lines;
}

std::string verdict(const Diagnosis& d) {
  if (!d.usable()) return "not usable: " + d.obstacle;
  std::string unseen;
  std::size_t seen = 0, stages = 0;
  for (const auto& stage : d.stages) {
    if (is_besides(stage)) continue;
    ++stages;
    seen += stage.seen;
    if (!stage.seen) unseen += (unseen.empty() ? "" : ", ") + stage.name;
  }
  return fmt::format("usable: {} of {} stages can be seen{}", seen, stages, unseen.empty() ? "" : ", not " + unseen);
}

std::string stand_ins_text(const Diagnosis& d, const Style& style) {
  std::string out;
  for (const auto& finding : d.hooks) {
    const auto& hook = finding.hook;
    if (hook.missing_tracepoint.empty()) continue;
    if (out.empty()) out = '\n' + paint(style, Color::kBold, "replaced hooks") + '\n';
    out += fmt::format("{}: this kernel has no such tracepoint; {} stands in for it\n", hook.missing_tracepoint,
                       hook.tracepoint);
  }
  return out;
}

std::string findings_text(const Diagnosis& d, const Style& style) {
  std::string out;
  out += '\n' + paint(style, Color::kBold, report::pad_right("stage", kLabel) + "seen") + '\n';
  for (const auto& stage : d.stages) out += stage_line(stage, style);
  const bool untried = hooks_that(d, HookOutlook::kNotTried) != 0;
  if (untried)
    out += '\n' + line("?", "this kernel has the hooks; they were not tried, for the rights are missing", style);
  const bool lists_hooks = d.has_btf && hooks_that(d, HookOutlook::kMissing) != 0;
  if (lists_hooks) out += '\n' + paint(style, Color::kBold, "missing hooks") + '\n';
  for (const auto& [hook, outlook] : d.hooks)
    if (lists_hooks && outlook == HookOutlook::kMissing)
      out += fmt::format("{}: {}\n", hook.tracepoint, printable(hook.reason));
  out += stand_ins_text(d, style);
  if (!d.warnings.empty()) out += '\n';
  for (const auto& warning : d.warnings) out += line("warning", warning, style);
  return out;
}

std::string text(const Diagnosis& d, const Style& style) {
  std::string out;
  out +=
      line("kernel",
           fmt::format("{} ({}){}", printable(d.kernel), printable(d.machine), d.realtime_kernel ? ", PREEMPT_RT" : ""),
           style);
  out += line("rights", rights_text(d.rights), style);
  out += line("types", d.has_btf ? "the kernel's own (BTF)" : "none: the kernel has no BTF", style);
  out += line("hooks", hooks_text(d), style);
  out += line("symbols", symbols_text(d), style);
  out += line("clock", clock_text(d.clock), style);
  if (d.lacks.empty()) out += findings_text(d, style);
  out += '\n' + paint(style, d.usable() ? Color::kGreen : Color::kRed, printable(verdict(d))) + '\n';
  return report::fit_charset(style, out);
}

nlohmann::json stages_json(const Diagnosis& d, bool besides) {
  nlohmann::json stages = nlohmann::json::object();
  for (const auto& stage : d.stages) {
    if (is_besides(stage) != besides) continue;
    nlohmann::json& entry = stages[stage.name] = {{"seen", stage.seen}};
    if (!stage.how.empty()) entry["how"] = stage.how;
    if (!stage.reason.empty()) entry["reason"] = stage.reason;
    if (!stage.cost.empty()) entry["cost"] = stage.cost;
  }
  return stages;
}

nlohmann::json hooks_json(const Diagnosis& d) {
  nlohmann::json hooks = nlohmann::json::array();
  for (const auto& [hook, outlook] : d.hooks) {
    nlohmann::json entry = {{"name", hook.name},
                            {"tracepoint", hook.tracepoint},
                            {"stage", hook.stage},
                            {"attached", hook.attached},
                            {"outlook", outlook_name(outlook)}};
    if (hook.verifier_instructions) entry["verifier_instructions"] = hook.verifier_instructions;
    if (!hook.missing_tracepoint.empty()) entry["stands_in_for"] = hook.missing_tracepoint;
    if (!hook.attached) {
      entry["reason"] = hook.reason;
      entry["cost"] = hook.cost;
    }
    hooks.push_back(std::move(entry));
  }
  return hooks;
}

nlohmann::json json(const Diagnosis& d) {
  nlohmann::json functions = nlohmann::json::object();
  for (const auto& function : d.wake_functions) functions[function.symbol] = function.known;
  return {{"kernel", d.kernel},
          {"machine", d.machine},
          {"usable", d.usable()},
          {"verdict", verdict(d)},
          {"stages", stages_json(d, false)},
          {"besides", stages_json(d, true)},
          {"hooks", hooks_json(d)},
          {"rights",
           {{"cap_bpf", d.rights.cap_bpf}, {"cap_perfmon", d.rights.cap_perfmon}, {"lockdown", d.rights.lockdown}}},
          {"btf", d.has_btf},
          {"preempt_rt", d.realtime_kernel},
          {"wake_functions", functions},
          {"clock", {{"source", d.clock.source}, {"slow", d.clock.slow}}},
          {"warnings", d.warnings}};
}

struct Options {
  std::string color;
  std::vector<std::string> without;
  bool json = false;
};

int run(const Options& options) {
  const Diagnosis diagnosis = capture::diagnose(options.without);
  auto output = Output::open("-");
  if (!output) return fail(output.error());
  if (options.json)
    output->write(json(diagnosis).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + '\n');
  else
    output->write(text(diagnosis, stdout_style(options.color)));
  const int status = status_of(output->finish());
  return status != 0 || diagnosis.usable() ? status : static_cast<int>(ExitCode::kNotPermitted);
}

}  // namespace

void add_doctor(CLI::App& app, int& status) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("doctor", "what this kernel and these rights allow to be seen, and what not");
  command->add_flag("--json", options->json, "print JSON");
  command->add_option("--without", options->without, "as record has it")->group("");
  add_color_option(*command, options->color);
  command->callback([options, &status] { status = run(*options); });
}

}  // namespace wp::cli
