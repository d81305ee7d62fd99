// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include "userspace/base/text.hpp"
#include "userspace/cli/commands.hpp"
#include "userspace/cli/output.hpp"
#include "userspace/cli/pipeline.hpp"
#include "userspace/report/export_jsonl.hpp"
#include "userspace/report/selection.hpp"
#include "userspace/report/show.hpp"

namespace wp::cli {
namespace {

struct Options {
  std::string file, color;
  std::uint64_t id = 0;  // 0: not asked for
  std::size_t slowest = 1;
  double percentile = 0;  // 0: not asked for
  bool json = false;
  std::int64_t max_loss = -1;
};

struct Found {
  std::vector<model::Path> paths;
  std::uint64_t lost = 0;
};

Result<Found> find_by_id(const Options& options, std::uint64_t id) {
  report::SelectById select(id);
  auto analysis = analyse(options.file, [&select](const model::Path& path) { select.on_path(path); });
  if (!analysis) return std::move(analysis.error());
  if (!select.found()) {
    return Error{ExitCode::kError, fmt::format("{} has no request #{}: it has {}; see wakepath export jsonl",
                                               in_quotes(options.file), id, analysis->summary.paths)};
  }
  return Found{{*select.found()}, analysis->summary.events_lost};
}

Error no_path_has_a_total(const Options& options) {
  return {ExitCode::kError,
          fmt::format("{} has no request with a total; see wakepath report", in_quotes(options.file))};
}

Result<Found> find_slowest(const Options& options) {
  report::SelectSlowest select(options.slowest);
  auto analysis = analyse(options.file, [&select](const model::Path& path) { select.on_path(path); });
  if (!analysis) return std::move(analysis.error());
  Found found{std::move(select).take(), analysis->summary.events_lost};
  if (found.paths.empty()) return no_path_has_a_total(options);
  return found;
}

Result<Found> find_percentile(const Options& options) {
  report::SelectPercentile select;
  auto analysis = analyse(options.file, [&select](const model::Path& path) { select.on_path(path); });
  if (!analysis) return std::move(analysis.error());
  const auto id = select.id_at(options.percentile);
  if (!id) return no_path_has_a_total(options);
  return find_by_id(options, *id);
}

Result<Found> find(const Options& options) {
  if (options.id != 0) return find_by_id(options, options.id);
  if (options.percentile > 0) return find_percentile(options);
  return find_slowest(options);
}

int run(const Options& options) {
  auto found = find(options);
  if (!found) return fail(found.error());
  auto output = Output::open("-");
  if (!output) return fail(output.error());
  const report::Style style = stdout_style(options.color);
  std::string text;
  for (const model::Path& path : found->paths) {
    if (options.json) {
      report::append_jsonl(text, path);
    } else {
      text += (text.empty() ? "" : "\n") + report::render_path(path, style);
    }
  }
  output->write(text);
  const int status = status_of(output->finish());
  return status != 0 ? status : loss_status(found->lost, options.max_loss);
}

}  // namespace

void add_show(CLI::App& app, int& status) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("show", "single requests, every stage with its evidence");
  command->add_option("FILE", options->file, "a recording")->required();
  auto* id = command->add_option("ID", options->id, "the request with this number")->check(CLI::PositiveNumber);
  auto* slowest = command->add_option("--slowest", options->slowest, "the N slowest")->check(CLI::PositiveNumber);
  auto* percentile = command->add_option("--percentile", options->percentile, "the one at this percentile")
                         ->check(CLI::Range(0.001, 100.0));
  id->excludes(slowest)->excludes(percentile);
  slowest->excludes(percentile);
  command->add_flag("--json", options->json, "as JSON, one line for each request");
  add_max_loss_option(*command, options->max_loss);
  add_color_option(*command, options->color);
  command->callback([options, &status] { status = run(*options); });
}

}  // namespace wp::cli
