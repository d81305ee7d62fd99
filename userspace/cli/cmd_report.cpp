// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/summary.hpp"

#include "userspace/cli/commands.hpp"
#include "userspace/cli/output.hpp"
#include "userspace/cli/pipeline.hpp"
#include "userspace/cli/report_html.hpp"

namespace wp::cli {
namespace {

struct Options {
  std::string file, color;
  bool json = false;
  std::int64_t max_loss = -1;
  HtmlOptions html;
};

int write_html(Options& options) {
  options.html.recording = options.file;
  const auto lost = report_html(options.html);
  return lost ? loss_status(*lost, options.max_loss) : fail(lost.error());
}

int run(Options& options) {
  if (!options.html.output.empty()) return write_html(options);
  report::Report report;
  const auto analysis = analyse(options.file, [&report](const model::Path& path) { report.on_path(path); });
  if (!analysis) return fail(analysis.error());
  auto output = Output::open("-");
  if (!output) return fail(output.error());
  if (options.json) {
    output->write(report::summary_json(analysis->info, analysis->summary, report).dump(2) + '\n');
  } else {
    output->write(
        report::render_summary(analysis->info, analysis->summary, report, stdout_style(options.color), options.file));
  }
  const int status = status_of(output->finish());
  return status != 0 ? status : loss_status(analysis->summary.events_lost, options.max_loss);
}

}  // namespace

void add_report(CLI::App& app, int& status) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("report", "where the time went, how readers waited, what was lost");
  command->add_option("FILE", options->file, "a recording")->required();
  auto* json = command->add_flag("--json", options->json, "as JSON, times in ns");
  command->add_option("--html", options->html.output, "as one HTML file with a timeline, opened by any browser")
      ->excludes(json);
  command->add_option("--html-requests", options->html.most_requests, "requests in it at most (default: 100000)")
      ->check(CLI::PositiveNumber);
  command->add_option("--html-slices", options->html.most_slices, "slices of its timeline at most (default: 1000000)")
      ->check(CLI::PositiveNumber);
  add_max_loss_option(*command, options->max_loss);
  add_color_option(*command, options->color);
  command->callback([options, &status] { status = run(*options); });
}

}  // namespace wp::cli
