// SPDX-License-Identifier: GPL-2.0-or-later
// wakepath demo: a bundled server, load, a recording of it, and the comparison with what both ends logged.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

#include "userspace/cli/commands.hpp"
#include "userspace/cli/demo_facts.hpp"
#include "userspace/cli/demo_report.hpp"
#include "userspace/cli/interrupt.hpp"
#include "userspace/cli/output.hpp"
#include "userspace/cli/pipeline.hpp"
#include "userspace/cli/temporary_folder.hpp"

namespace wp::cli {
namespace {

namespace fs = std::filesystem;

struct DemoOptions {
  std::string name;
  std::optional<std::uint64_t> connections, requests, message_bytes;
  std::string recording;
  std::string keep_truth;
  std::string color;
  bool json = false;
  bool ipv6 = false;
  std::string detail = "path";
  std::string sample = "1", max_cpu = "100%";
  std::vector<std::string> only;  ///< of all: these; empty: every one
  std::string keep;               ///< of all: folder for the recordings; empty: they go
  bool force = false;
};

void print_list() {
  for_each_demo([](const Demo& demo) {
    std::printf("%-22.*s %.*s\n", static_cast<int>(demo.name.size()), demo.name.data(),
                static_cast<int>(demo.shows.size()), demo.shows.data());
  });
}

Result<DemoRun> run_until_interrupted(const DemoPlan& plan) {
  const InterruptScope scope;
  auto run = run_demo(plan);
  // Whatever failed then, failed because the children were interrupted too.
  if (InterruptScope::requested()) return Error{ExitCode::kInterruptedTwice, "interrupted: nothing was compared"};
  return run;
}

Result<DemoFindings> run_and_compare(const DemoPlan& plan) {
  auto run = run_until_interrupted(plan);
  if (!run) return std::move(run.error());
  DemoFindings findings{plan, std::move(*run), {}, {}, {}, {}, {}};
  std::optional<truth::Comparer> comparer;
  if (plan.demo.transport != DemoTransport::kNone) {
    auto loaded = truth::Comparer::load(findings.run.client_log, findings.run.server_log);
    if (!loaded) return std::move(loaded.error());
    comparer.emplace(std::move(*loaded));
  }
  auto analysis = analyse(plan.recording, [&](const model::Path& path) {
    if (comparer) comparer->on_path(path);
    findings.report.on_path(path);
    findings.witness.add(path);
  });
  if (!analysis) return std::move(analysis.error());
  findings.info = std::move(analysis->info);
  findings.summary = std::move(analysis->summary);
  if (comparer) findings.verdict = comparer->finish();
  return findings;
}

/// Makes the folder of the plan's logs: the one asked for, or one that goes with the result.
Result<std::unique_ptr<TemporaryFolder>> make_truth_folder(DemoPlan& plan, const DemoOptions& options) {
  if (options.keep_truth.empty()) {
    auto made = TemporaryFolder::make();
    if (made) plan.truth_folder = (*made)->path();
    return made;
  }
  plan.truth_folder = options.keep_truth;
  std::error_code error;
  fs::create_directories(plan.truth_folder, error);
  if (error) return Error{ExitCode::kError, "make folder '" + options.keep_truth + "': " + error.message()};
  return std::unique_ptr<TemporaryFolder>();
}

Result<void> print(const std::string& text) {
  auto output = Output::open("-");
  if (!output) return std::move(output.error());
  output->write(text);
  return output->finish();
}

std::string to_text(const nlohmann::json& json) {
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
}

std::vector<std::string> recorder_options(const DemoOptions& options) {
  std::vector<std::string> words{"--detail", options.detail, "--sample", options.sample};
  if (options.max_cpu != "100%") words.insert(words.end(), {"--max-cpu", options.max_cpu});
  return words;
}

/// True: the recording agrees with the truth and with the demo's row.
Result<bool> demo(const Demo& one, const DemoOptions& options) {
  DemoPlan plan{one,
                options.connections.value_or(one.one_at_a_time ? 1 : 8),
                options.requests.value_or(20000),
                options.message_bytes.value_or(one.message_bytes),
                options.recording.empty() ? "wakepath-demo-" + options.name + ".wkp" : options.recording,
                options.force || options.recording.empty(),
                {},
                options.ipv6,
                recorder_options(options)};
  auto folder = make_truth_folder(plan, options);
  if (!folder) return std::move(folder.error());
  const auto findings = run_and_compare(plan);
  if (!findings) return findings.error();
  const nlohmann::json facts = demo_facts(*findings);
  if (options.json) {
    const auto json = demo_json(*findings);
    if (!json) return json.error();
    if (auto printed = print(to_text(*json)); !printed) return std::move(printed.error());
  } else if (auto printed = print(demo_text(*findings, stdout_style(options.color))); !printed) {
    return std::move(printed.error());
  }
  return demo_problems(*findings, facts).empty();
}

/// One row of `demo all`. What fails is a row too: the others still run.
nlohmann::json demo_row(const Demo& one, const DemoOptions& options, const fs::path& folder) {
  nlohmann::json row{{"demo", one.name},
                     {"sort", demo_sort_name(one.sort)},
                     {"transport", demo_transport_name(one.transport)},
                     {"program", one.program},
                     {"shows", one.shows}};
  if (!one.catalogue.empty()) row["catalogue"] = one.catalogue;
  const DemoPlan plan{
      one,
      options.connections.value_or(one.connections),
      options.requests.value_or(one.requests),
      options.message_bytes.value_or(one.message_bytes),
      options.keep.empty() ? folder / "demo.wkp" : fs::path(options.keep) / (std::string(one.name) + ".wkp"),
      true,
      folder,
      options.ipv6,
      recorder_options(options)};
  const auto findings = run_and_compare(plan);
  if (!findings) {
    row["problems"] = {findings.error().message};
    if (findings.error().code == ExitCode::kInterruptedTwice) row["interrupted"] = true;
    return row;
  }
  const nlohmann::json facts = demo_facts(*findings);
  const auto sentence = demo_sentence(one, facts);
  auto problems = demo_problems(*findings, facts);
  if (!sentence) problems.push_back(sentence.error().message);
  row["facts"] = facts;
  row["wake_functions"] = findings->witness.by_function();
  row["special"] = sentence ? nlohmann::json(*sentence) : nlohmann::json();
  row["problems"] = problems;
  row["explanations"] = findings->verdict.explanations;
  return row;
}

bool is_wanted(const Demo& one, const DemoOptions& options) {
  const auto& only = options.only;
  return only.empty() || std::find(only.begin(), only.end(), one.name) != only.end();
}

/// True: every demo is what its row says.
Result<bool> demo_all(const DemoOptions& options) {
  auto folder = TemporaryFolder::make();
  if (!folder) return std::move(folder.error());
  nlohmann::json rows = nlohmann::json::array();
  bool holds = true, interrupted = false;
  std::string text;
  for_each_demo([&](const Demo& one) {
    if (interrupted || !is_wanted(one, options)) return;
    std::fprintf(stderr, "demo %.*s\n", static_cast<int>(one.name.size()), one.name.data());
    rows.push_back(demo_row(one, options, (*folder)->path()));
    interrupted = rows.back().contains("interrupted");
    holds = holds && rows.back()["problems"].empty();
    if (!options.json) text += demo_row_text(rows.back());
  });
  if (interrupted) return Error{ExitCode::kInterruptedTwice, "interrupted"};
  auto printed = print(options.json ? to_text({{"demos", rows}, {"holds", holds}}) : text);
  if (!printed) return std::move(printed.error());
  return holds;
}

int demo_status(const DemoOptions& options) {
  if (options.name == "list") {
    print_list();
    return 0;
  }
  const auto holds = options.name == "all" ? demo_all(options) : demo(*find_demo(options.name), options);
  if (!holds) return fail(holds.error());
  return *holds ? 0 : static_cast<int>(ExitCode::kError);
}

std::string check_name(const std::string& name) {
  if (name == "list" || name == "all" || find_demo(name) != nullptr) return {};
  return "there is no demo '" + name + "'; 'wakepath demo list' names them";
}

}  // namespace

void add_demo(CLI::App& app, int& status) {
  auto options = std::make_shared<DemoOptions>();
  CLI::App* command = app.add_subcommand("demo", "record a bundled server under load, and compare with what it logged");
  command->add_option("name", options->name, "list, all, or one of the demos that list names")
      ->required()
      ->check(check_name);
  command
      ->add_option("--connections", options->connections,
                   "connections at a time, or one after another where the server can't more")
      ->check(CLI::Range(1, 50'000));
  command->add_option("--requests", options->requests, "requests in total (20000; of all: each demo's own)")
      ->check(CLI::Range(1, 100'000'000));
  command->add_option("--size", options->message_bytes, "bytes of a request (64, unless the demo has its own)")
      ->check(CLI::Range(16, 1 << 20));
  command->add_option("-o,--output", options->recording,
                      "recording, instead of wakepath-demo-NAME.wkp (always replaced)");
  command->add_flag("--force", options->force, "replace the recording named by -o");
  command->add_option("--keep-truth", options->keep_truth, "keep the logs of server and client in this folder");
  command->add_option("--only", options->only, "of all, only these, such as --only fork,io-uring")
      ->delimiter(',')
      ->check(check_name);
  command->add_option("--detail", options->detail, "level of detail of the recording: light, path or timeline")
      ->check(CLI::IsMember({"light", "path", "timeline"}));
  command->add_option("--sample", options->sample, "as of record, for tests: what is left out counts as missing")
      ->group("");
  command->add_option("--max-cpu", options->max_cpu, "as of record, for tests")->group("");
  command->add_option("--keep", options->keep, "of all, keep the recordings in this folder, as NAME.wkp")
      ->check(CLI::ExistingDirectory);
  command->add_flag("-6,--ipv6", options->ipv6, "over ::1 instead of 127.0.0.1");
  command->add_flag("--json", options->json, "print JSON");
  add_color_option(*command, options->color);
  command->callback([options, &status] { status = demo_status(*options); });
}

}  // namespace wp::cli
