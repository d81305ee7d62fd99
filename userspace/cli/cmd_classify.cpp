// SPDX-License-Identifier: GPL-2.0-or-later
// wakepath classify: what each thread of a server is, and the server as a whole, with the evidence.
#include <memory>

#include "userspace/cli/commands.hpp"
#include "userspace/cli/judge_source.hpp"
#include "userspace/cli/output.hpp"
#include "userspace/judge/classification_output.hpp"

namespace wp::cli {

namespace {

struct Options {
  JudgeSource source;
  bool json = false;
};

int run(Options& options) {
  auto judged = options.source.read([](const model::Path&) {});
  if (!judged) return fail(judged.error());
  const judge::Classification c = judge::classify(judged->evidence);
  auto output = Output::open("-");
  if (!output) return fail(output.error());
  output->write(options.json ? judge::classification_json(c).dump(2) + "\n" : judge::classification_text(c));
  return status_of(output->finish());
}

}  // namespace

void add_classify(CLI::App& app, int& status) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = app.add_subcommand("classify", "how each thread of a server waits, and how the server is built");
  options->source.add_options(*sub);
  sub->add_flag("--json", options->json, "print JSON");
  sub->callback([options, &status] { status = run(*options); });
}

}  // namespace wp::cli
