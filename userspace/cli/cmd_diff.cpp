// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include "userspace/cli/commands.hpp"
#include "userspace/cli/output.hpp"
#include "userspace/cli/pipeline.hpp"
#include "userspace/report/diff.hpp"

namespace wp::cli {
namespace {

struct Options {
  std::string a, b, color;
  double margin = 10;
  std::uint64_t itself = 0;
  bool json = false;
};

using Requests = std::vector<report::DiffSide::Request>;

Result<Requests> requests_of(const std::string& file) {
  report::DiffSide side;
  const auto analysis = analyse(file, [&side](const model::Path& path) { side.add(path); });
  if (!analysis) return analysis.error();
  return side.sorted();
}

int write(const std::string& text, ExitCode code) {
  auto output = Output::open("-");
  if (!output) return fail(output.error());
  output->write(text);
  const int status = status_of(output->finish());
  return status != 0 ? status : static_cast<int>(code);
}

// How often halves of one recording seem to differ: what a difference between two is worth.
int against_itself(const Options& options) {
  const auto all = requests_of(options.a);
  if (!all) return fail(all.error());
  std::uint64_t differ = 0;
  for (std::uint64_t seed = 1; seed <= options.itself; ++seed) {
    const auto halves = report::halve(*all, seed);
    const report::Diff diff = report::compare(halves[0], halves[1], options.margin / 100);
    if (!diff.too_few.empty()) return write("undecided: " + diff.too_few + '\n', ExitCode::kUndecided);
    differ += diff.is_shown();
  }
  return write(fmt::format("{} of {} random halvings show a difference\n", differ, options.itself), ExitCode::kDone);
}

int run(const Options& options) {
  if (options.b.empty() != (options.itself != 0))
    return fail({ExitCode::kUsage, "diff needs two recordings, or one and --itself N"});
  if (options.itself) return against_itself(options);
  const auto a = requests_of(options.a);
  if (!a) return fail(a.error());
  const auto b = requests_of(options.b);
  if (!b) return fail(b.error());
  const report::Diff diff = report::compare(*a, *b, options.margin / 100);
  const std::string text = options.json ? report::diff_json(diff).dump(2) + '\n'
                                        : report::render_diff(diff, options.a, options.b, stdout_style(options.color));
  return write(text, diff.too_few.empty() ? ExitCode::kDone : ExitCode::kUndecided);
}

}  // namespace

void add_diff(CLI::App& app, int& status) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("diff", "two recordings, stage by stage and cause by cause");
  command->add_option("A", options->a, "a recording")->required();
  command->add_option("B", options->b, "another");
  command->add_option("--margin", options->margin, "percent of A that count as no difference (default: 10)")
      ->check(CLI::Range(0.0, 1000.0));
  command->add_option("--itself", options->itself, "halve A this often at random: how often do halves differ?")
      ->check(CLI::Range(1, 100000));
  command->add_flag("--json", options->json, "as JSON, times in ns");
  add_color_option(*command, options->color);
  command->callback([options, &status] { status = run(*options); });
}

}  // namespace wp::cli
