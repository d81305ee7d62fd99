// SPDX-License-Identifier: GPL-2.0-or-later
// wakepath demo: a bundled server, load, a recording of it, and the comparison with what both ends logged.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

#include "userspace/cli/commands.hpp"
#include "userspace/cli/demo_report.hpp"
#include "userspace/cli/interrupt.hpp"
#include "userspace/cli/output.hpp"
#include "userspace/cli/pipeline.hpp"

namespace wp::cli {
namespace {

namespace fs = std::filesystem;

struct DemoOptions {
  std::string name;
  std::uint64_t connections = 1, requests = 20000, message_bytes = 64;
  std::string recording;
  std::string keep_truth;
  std::string color;
  bool json = false;
  bool force = false;
};

/// A folder of our own that goes when we go.
class TemporaryFolder {
 public:
  static Result<std::unique_ptr<TemporaryFolder>> make() {
    std::string name = fs::temp_directory_path() / "wakepath-demo-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) {
      return Error{ExitCode::kError, "make a temporary folder: " + std::string(std::strerror(errno))};
    }
    return std::unique_ptr<TemporaryFolder>(new TemporaryFolder(name));
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  explicit TemporaryFolder(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

void print_list() {
  for (const Demo& demo : kDemos) std::printf("%-10s %s\n", demo.name, demo.shows);
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
  auto comparer = truth::Comparer::load(run->client_log, run->server_log);
  if (!comparer) return std::move(comparer.error());
  DemoFindings findings{plan, std::move(*run), {}, {}, {}, {}, {}};
  auto analysis = analyse(plan.recording, [&](const model::Path& path) {
    comparer->on_path(path);
    findings.report.on_path(path);
    findings.witness.add(path);
  });
  if (!analysis) return std::move(analysis.error());
  findings.info = std::move(analysis->info);
  findings.summary = std::move(analysis->summary);
  findings.verdict = comparer->finish();
  return findings;
}

Result<void> print(const DemoFindings& findings, const DemoOptions& options) {
  auto output = Output::open("-");
  if (!output) return std::move(output.error());
  if (options.json) {
    const auto json = demo_json(findings);
    if (!json) return json.error();
    output->write(json->dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + '\n');
  } else {
    output->write(demo_text(findings, stdout_style(options.color)));
  }
  return output->finish();
}

/// True: the recording agrees with the truth.
Result<bool> demo(const DemoOptions& options) {
  DemoPlan plan{*find_demo(options.name),
                options.connections,
                options.requests,
                options.message_bytes,
                options.recording.empty() ? "wakepath-demo-" + options.name + ".wkp" : options.recording,
                options.force || options.recording.empty(),
                options.keep_truth};
  std::unique_ptr<TemporaryFolder> temporary;
  if (options.keep_truth.empty()) {
    auto made = TemporaryFolder::make();
    if (!made) return std::move(made.error());
    temporary = std::move(*made);
    plan.truth_folder = temporary->path();
  } else {
    std::error_code error;
    fs::create_directories(plan.truth_folder, error);
    if (error) return Error{ExitCode::kError, "make folder '" + options.keep_truth + "': " + error.message()};
  }
  const auto findings = run_and_compare(plan);
  if (!findings) return findings.error();
  auto printed = print(*findings, options);
  if (!printed) return std::move(printed.error());
  return findings->verdict.holds();
}

int demo_status(const DemoOptions& options) {
  if (options.name == "list") {
    print_list();
    return 0;
  }
  const auto holds = demo(options);
  if (!holds) return fail(holds.error());
  return *holds ? 0 : static_cast<int>(ExitCode::kError);
}

std::string check_name(const std::string& name) {
  if (name == "list" || find_demo(name) != nullptr) return {};
  return "there is no demo '" + name + "'; 'wakepath demo list' names them";
}

}  // namespace

void add_demo(CLI::App& app, int& status) {
  auto options = std::make_shared<DemoOptions>();
  CLI::App* command = app.add_subcommand("demo", "record a bundled server under load, and compare with what it logged");
  command->add_option("name", options->name, "list, or one of the demos it names")->required()->check(check_name);
  command->add_option("--connections", options->connections, "connections at a time (of blocking: one after another)")
      ->check(CLI::Range(1, 50'000))
      ->capture_default_str();
  command->add_option("--requests", options->requests, "requests in total")
      ->check(CLI::Range(1, 100'000'000))
      ->capture_default_str();
  command->add_option("--size", options->message_bytes, "bytes of a request")
      ->check(CLI::Range(16, 1 << 20))
      ->capture_default_str();
  command->add_option("-o,--output", options->recording,
                      "recording, instead of wakepath-demo-NAME.wkp (always replaced)");
  command->add_flag("--force", options->force, "replace the recording named by -o");
  command->add_option("--keep-truth", options->keep_truth, "keep the logs of server and client in this folder");
  command->add_flag("--json", options->json, "print JSON");
  add_color_option(*command, options->color);
  command->callback([options, &status] { status = demo_status(*options); });
}

}  // namespace wp::cli
