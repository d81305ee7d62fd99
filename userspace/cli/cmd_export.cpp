// SPDX-License-Identifier: GPL-2.0-or-later
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>

#include "userspace/base/text.hpp"
#include "userspace/cli/commands.hpp"
#include "userspace/cli/output.hpp"
#include "userspace/cli/pipeline.hpp"
#include "userspace/report/export_jsonl.hpp"
#include "userspace/report/exporter.hpp"

namespace wp::cli {
namespace {

constexpr std::size_t kWriteAtOnce = 256 * 1024;

struct Options {
  std::string format, file, output, merge_pcap;
  std::int64_t max_loss = -1;
};

class Jsonl : public report::Exporter {
 public:
  using Exporter::Exporter;
  void begin(const model::RecordingInfo&) override {}
  void add(const model::Path& path) override { report::append_jsonl(out_, path); }
  Result<void> end(const model::Summary&, const std::vector<model::SchedEvent>&) override { return {}; }
};

struct Format {
  const char* name;
  const char* what;
};
constexpr Format kFormats[] = {
    {"jsonl", "one JSON object a line"},
    {"csv", "one line a request"},
    {"sqlite", "a database (needs -o)"},
    {"perfetto", "for ui.perfetto.dev"},
    {"chrome", "Chrome's trace events, for speedscope and others"},
    {"folded", "the blame as folded stacks, for flame graphs"},
    {"pcapng", "the packets of --merge-pcap, with comments"},
};

Result<std::string> whole_file(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad())
    return Error{ExitCode::kError, "cannot read " + in_quotes(name) + "; is it there, and may you read it?"};
  return bytes;
}

Result<std::unique_ptr<report::Exporter>> exporter_for(const Options& options, std::string& out) {
  if (options.format == "csv") return report::make_csv(out);
  if (options.format == "chrome") return report::make_chrome(out);
  if (options.format == "folded") return report::make_folded(out);
  if (options.format == "perfetto") return report::make_perfetto(out);
  if (options.format == "pcapng") {
    auto capture = whole_file(options.merge_pcap);
    if (!capture) return std::move(capture.error());
    return report::make_pcapng(out, std::move(*capture));
  }
  if (options.format == "sqlite") {
    std::error_code ignored;
    std::filesystem::remove(options.output, ignored);
    return report::make_sqlite(out, options.output);
  }
  return std::unique_ptr<report::Exporter>(std::make_unique<Jsonl>(out));
}

// Opens the output with the first bytes, so that a recording that can't be read costs no file its content.
class LateOutput {
 public:
  explicit LateOutput(std::string name) : name_(std::move(name)) {}

  /// False once nobody reads any more, or it can't be written.
  bool write(std::string& bytes) {
    if (!output_) output_ = Output::open(name_);
    is_finished_ = is_finished_ || !*output_ || !(*output_)->write(bytes);
    bytes.clear();
    return !is_finished_;
  }
  Result<void> finish() {
    if (!output_) return {};
    return *output_ ? (*output_)->finish() : Result<void>(output_->error());
  }

 private:
  std::string name_;
  std::optional<Result<Output>> output_;
  bool is_finished_ = false;
};

int write_all(const Options& options, report::Exporter& exporter, std::string& out, LateOutput& output) {
  const auto info = describe_recording(options.file);
  if (!info) return fail(info.error());
  exporter.begin(*info);
  bool is_wanted = true;
  const auto analysis = analyse(options.file, [&](const model::Path& path) {
    if (!is_wanted) return;
    exporter.add(path);
    if (out.size() >= kWriteAtOnce) is_wanted = output.write(out);
  });
  if (!analysis) return fail(analysis.error());
  std::vector<model::SchedEvent> sched;
  if (exporter.wants_sched()) {
    auto found = sched_events(options.file);
    if (!found) return fail(found.error());
    sched = std::move(*found);
  }
  const auto ended = exporter.end(analysis->summary, sched);
  if (!ended) return fail(ended.error());
  if (options.format != "sqlite") output.write(out);
  const int status = status_of(output.finish());
  return status != 0 ? status : loss_status(analysis->summary.events_lost, options.max_loss);
}

int run(const Options& options) {
  std::error_code not_both_there;
  for (const std::string& input : {options.file, options.merge_pcap})
    if (std::filesystem::equivalent(input, options.output, not_both_there))
      return fail({ExitCode::kUsage, "the output is one of the inputs; choose another with -o"});
  if (options.format == "sqlite" && (options.output.empty() || options.output == "-"))
    return fail({ExitCode::kUsage, "a database is a file: say which with -o"});
  if ((options.format == "pcapng") == options.merge_pcap.empty())
    return fail({ExitCode::kUsage, "pcapng needs the capture to merge into, and only pcapng does: --merge-pcap FILE"});
  std::string out;
  auto exporter = exporter_for(options, out);
  if (!exporter) return fail(exporter.error());
  LateOutput output(options.output);
  return write_all(options, **exporter, out, output);
}

}  // namespace

void add_export(CLI::App& app, int& status) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("export", "every request, for other programs");
  std::vector<std::string> names;
  std::string help;
  for (const Format& format : kFormats) {
    names.emplace_back(format.name);
    help += std::string(help.empty() ? "" : "; ") + format.name + ": " + format.what;
  }
  command->add_option("FORMAT", options->format, help)->required()->check(CLI::IsMember(names));
  command->add_option("FILE", options->file, "a recording")->required();
  command->add_option("-o,--output", options->output, "where to write, - for stdout (default)");
  command->add_option("--merge-pcap", options->merge_pcap, "the capture whose packets get comments (pcapng)");
  add_max_loss_option(*command, options->max_loss);
  command->callback([options, &status] { status = run(*options); });
}

}  // namespace wp::cli
