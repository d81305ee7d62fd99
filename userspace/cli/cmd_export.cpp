// SPDX-License-Identifier: GPL-2.0-or-later
#include <filesystem>
#include <optional>

#include "userspace/cli/commands.hpp"
#include "userspace/cli/output.hpp"
#include "userspace/cli/pipeline.hpp"
#include "userspace/report/export_jsonl.hpp"

namespace wp::cli {
namespace {

constexpr std::size_t kWriteAtOnce = 256 * 1024;

struct Options {
  std::string format, file, output;
  std::int64_t max_loss = -1;
};

// Opens the output with the first line, so that a recording that can't be read costs no file its content.
class LineWriter {
 public:
  explicit LineWriter(std::string name) : name_(std::move(name)) {}

  void add(const model::Path& path) {
    if (is_finished_) return;
    report::append_jsonl(lines_, path);
    if (lines_.size() >= kWriteAtOnce) flush();
  }

  Result<void> finish() {
    if (!is_finished_) flush();
    if (!output_) return {};
    return *output_ ? (*output_)->finish() : Result<void>(output_->error());
  }

 private:
  void flush() {
    if (!output_) output_ = Output::open(name_);
    is_finished_ = !*output_ || !(*output_)->write(lines_);
    lines_.clear();
  }

  std::string name_, lines_;
  std::optional<Result<Output>> output_;
  bool is_finished_ = false;  // nobody reads any more, or it can't be written
};

int run(const Options& options) {
  std::error_code not_both_there;
  if (std::filesystem::equivalent(options.file, options.output, not_both_there)) {
    return fail({ExitCode::kUsage, "the output is the recording itself; choose another with -o"});
  }
  LineWriter writer(options.output);
  const auto analysis = analyse(options.file, [&writer](const model::Path& path) { writer.add(path); });
  if (!analysis) return fail(analysis.error());
  const int status = status_of(writer.finish());
  return status != 0 ? status : loss_status(analysis->summary.events_lost, options.max_loss);
}

}  // namespace

void add_export(CLI::App& app, int& status) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("export", "every request, for other programs");
  command->add_option("FORMAT", options->format, "jsonl: one JSON object a line")
      ->required()
      ->check(CLI::IsMember({"jsonl"}));
  command->add_option("FILE", options->file, "a recording")->required();
  command->add_option("-o,--output", options->output, "where to write, - for stdout (default)");
  add_max_loss_option(*command, options->max_loss);
  command->callback([options, &status] { status = run(*options); });
}

}  // namespace wp::cli
