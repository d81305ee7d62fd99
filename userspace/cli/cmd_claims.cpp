// SPDX-License-Identifier: GPL-2.0-or-later
// wakepath claims: what the study notes say of servers and the kernel, measured and settled.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "userspace/base/text.hpp"
#include "userspace/cli/claims_measure.hpp"
#include "userspace/cli/commands.hpp"
#include "userspace/cli/output.hpp"
#include "userspace/judge/settle_output.hpp"

namespace wp::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRunsFile = "wakepath-claims.json";

struct Options {
  std::vector<std::string> ids;
  std::string file = kRunsFile, folder, id, add_to;
  std::uint64_t rounds = 20;
  bool all = false, json = false, markdown = false, force = false;
};

Result<void> print(const std::string& text) {
  auto output = Output::open("-");
  if (!output) return std::move(output.error());
  output->write(text);
  return output->finish();
}

std::string dumped(const nlohmann::ordered_json& json) {
  return json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
}

Result<std::vector<std::string>> wanted(const judge::Catalogue& catalogue, const Options& options) {
  if (options.all == !options.ids.empty())
    return Error{ExitCode::kUsage, "name claims or give --all; 'wakepath claims list' names them"};
  std::vector<std::string> ids = options.ids;
  for (const std::string& id : ids)
    if (!catalogue.claim(id))
      return Error{ExitCode::kUsage, "there is no claim " + in_quotes(id) + "; 'wakepath claims list' names them"};
  if (options.all)
    for (const judge::NoteClaim& claim : catalogue.claims) ids.push_back(claim.id);
  return ids;
}

Result<judge::Batch> read_batch(const std::string& file) {
  std::ifstream in(file);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf()))
    return Error{ExitCode::kError,
                 "read " + in_quotes(file) + ": there is no such file; 'wakepath claims run' writes one"};
  auto batch = judge::parse_batch(text.str());
  if (!batch) return std::move(batch.error()).within(in_quotes(file));
  return batch;
}

/// The claims that the batch holds runs for; those that need none come with --all.
std::vector<std::string> claims_in(const judge::Catalogue& catalogue, const judge::Batch& batch) {
  std::vector<std::string> ids;
  for (const judge::NoteClaim& claim : catalogue.claims) {
    const bool has = std::all_of(claim.parts.begin(), claim.parts.end(), [&](const judge::Part& part) {
      return std::all_of(part.subject.begin(), part.subject.end(),
                         [&](const auto& id) { return !batch.of(id).empty(); });
    });
    if (has) ids.push_back(claim.id);
  }
  return ids;
}

/// Refuted before undecided, as with check; an untrusted batch decides nothing.
int status_of_claims(const std::vector<judge::Settled>& all) {
  const auto any = [&](judge::Verdict v) {
    return std::any_of(all.begin(), all.end(), [v](const judge::Settled& s) { return s.verdict == v; });
  };
  if (any(judge::Verdict::kRefuted)) return static_cast<int>(ExitCode::kRefuted);
  return any(judge::Verdict::kUndecided) ? static_cast<int>(ExitCode::kUndecided) : 0;
}

int show_settled(const judge::Catalogue& catalogue, const judge::Batch& batch, const std::vector<std::string>& ids,
                 const Options& options) {
  const auto all = judge::settle(catalogue, batch, ids);
  if (batch.catalogue_hash != catalogue.hash)
    std::fprintf(stderr, "wakepath: the runs were made with catalogue %s, and are judged with %s\n",
                 printable(batch.catalogue_hash).c_str(), catalogue.hash.c_str());
  const auto printed = print(options.json       ? dumped(judge::settled_json(all, catalogue, batch))
                             : options.markdown ? judge::settled_markdown(all, catalogue, batch)
                                                : judge::settled_text(all, judge::confusion(catalogue, batch)));
  return printed ? status_of_claims(all) : fail(printed.error());
}

Result<void> write_file(const fs::path& file, const std::string& text) {
  auto output = Output::open(file);
  if (!output) return std::move(output.error());
  output->write(text);
  return output->finish();
}

/// Beside each other: the raw counts, the verdicts, and both for people.
Result<void> write_folder(const judge::Catalogue& catalogue, const judge::Batch& batch,
                          const std::vector<std::string>& ids, const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return Error{ExitCode::kError, "make folder " + in_quotes(folder.string()) + ": " + error.message()};
  const auto all = judge::settle(catalogue, batch, ids);
  for (const auto& [name, text] : {std::pair{"runs.json", dumped(judge::batch_json(batch))},
                                   std::pair{"verdicts.json", dumped(judge::settled_json(all, catalogue, batch))},
                                   std::pair{"claims.md", judge::settled_markdown(all, catalogue, batch)}})
    if (auto written = write_file(folder / name, text); !written) return written;
  return {};
}

void tell_progress(const std::string& what) { std::fprintf(stderr, "%s\n", printable(what).c_str()); }

int run_claims(const judge::Catalogue& catalogue, const Options& options) {
  const auto ids = wanted(catalogue, options);
  if (!ids) return fail(ids.error());
  if (options.folder.empty() && !options.force && fs::exists(options.file) && options.file != kRunsFile)
    return fail({ExitCode::kUsage, in_quotes(options.file) + " exists; --force replaces it"});
  const auto batch = measure(catalogue, plan_claims(catalogue, *ids, options.all), tell_progress);
  if (!batch) return fail(batch.error());
  const auto kept = options.folder.empty() ? write_file(options.file, dumped(judge::batch_json(*batch)))
                                           : write_folder(catalogue, *batch, *ids, options.folder);
  if (!kept) return fail(kept.error());
  return show_settled(catalogue, *batch, *ids, options);
}

int explain_claim(const judge::Catalogue& catalogue, const Options& options) {
  if (!catalogue.claim(options.id))
    return fail(
        {ExitCode::kUsage, "there is no claim " + in_quotes(options.id) + "; 'wakepath claims list' names them"});
  const auto batch = read_batch(options.file);
  if (!batch) return fail(batch.error());
  return status_of(print(judge::explanation(judge::settle(catalogue, *batch, {options.id}).at(0), *batch)));
}

int judge_file(const judge::Catalogue& catalogue, const Options& options) {
  const auto batch = read_batch(options.file);
  if (!batch) return fail(batch.error());
  return show_settled(catalogue, *batch, claims_in(catalogue, *batch), options);
}

/// The batch that is there, with these runs behind its own.
Result<void> add_to_file(const std::string& file, const judge::Batch& later) {
  auto batch = read_batch(file);
  if (!batch) return std::move(batch.error());
  if (auto added = judge::append(*batch, later); !added) return added;
  return write_file(file, dumped(judge::batch_json(*batch)));
}

int run_controls(const judge::Catalogue& catalogue, const Options& options) {
  const auto plan = plan_controls(catalogue, options.ids, options.rounds);
  if (plan.empty()) return fail({ExitCode::kUsage, "there is no such control; claims/arms.toml names them"});
  const auto batch = measure(catalogue, plan, tell_progress);
  if (!batch) return fail(batch.error());
  if (!options.add_to.empty())
    if (const auto added = add_to_file(options.add_to, *batch); !added) return fail(added.error());
  const auto rows = judge::confusion(catalogue, *batch);
  auto printed = print(options.json       ? dumped(judge::settled_json({}, catalogue, *batch))
                       : options.markdown ? judge::confusion_markdown(rows)
                                          : judge::confusion_text(rows));
  if (!printed) return fail(printed.error());
  return judge::broken_control(rows).empty() ? 0 : static_cast<int>(ExitCode::kError);
}

int show_claim(const judge::Catalogue& catalogue, const Options& options) {
  const judge::NoteClaim* claim = catalogue.claim(options.id);
  if (!claim)
    return fail(
        {ExitCode::kUsage, "there is no claim " + in_quotes(options.id) + "; 'wakepath claims list' names them"});
  return status_of(print(judge::claim_text(*claim)));
}

int list_claims(const judge::Catalogue& catalogue, const Options& options) {
  return status_of(print(options.json ? dumped(judge::catalogue_json(catalogue)) : judge::catalogue_text(catalogue)));
}

using Step = int (*)(const judge::Catalogue&, const Options&);

CLI::App* add_step(CLI::App& parent, const char* name, const char* what, Step step,
                   const std::shared_ptr<Options>& options, int& status) {
  CLI::App* sub = parent.add_subcommand(name, what);
  sub->callback([step, options, &status] {
    const auto catalogue = judge::bundled_catalogue();
    status = catalogue ? step(*catalogue, *options) : fail(catalogue.error());
  });
  return sub;
}

}  // namespace

void add_claims(CLI::App& app, int& status) {
  auto options = std::make_shared<Options>();
  CLI::App* claims =
      app.add_subcommand("claims", "what the study notes claim, measured on the bundled servers and settled");
  claims->require_subcommand(1);
  const auto json = [&](CLI::App* sub) { sub->add_flag("--json", options->json, "print JSON"); };
  const auto markdown = [&](CLI::App* sub) { sub->add_flag("--markdown", options->markdown, "print Markdown"); };

  json(add_step(*claims, "list", "every claim of the catalogue, one line each", list_claims, options, status));
  add_step(*claims, "show", "one claim: the note's words, and how it is settled", show_claim, options, status)
      ->add_option("ID", options->id, "such as S0-01")
      ->required();
  CLI::App* run = add_step(*claims, "run", "measure, and settle what was measured", run_claims, options, status);
  run->add_option("ID", options->ids, "claims, such as S0-01 S0-06");
  run->add_flag("--all", options->all, "every claim, and every control");
  run->add_option("-o,--runs", options->file, "keep the raw counts here")->capture_default_str();
  run->add_option("--output", options->folder, "a folder for raw counts, verdicts and the page, instead");
  run->add_flag("--force", options->force, "replace the file named by -o");
  json(run);
  markdown(run);
  CLI::App* judged = add_step(*claims, "judge", "verdicts from raw counts that were kept", judge_file, options, status);
  judged->add_option("FILE", options->file, "as 'claims run' wrote it")->capture_default_str();
  json(judged);
  markdown(judged);
  CLI::App* explain =
      add_step(*claims, "explain", "one verdict: numbers, gates, requests, and what would have changed it",
               explain_claim, options, status);
  explain->add_option("ID", options->id, "such as S0-01")->required();
  explain->add_option("FILE", options->file, "as 'claims run' wrote it")->capture_default_str();
  CLI::App* controls = add_step(*claims, "controls", "classify every bundled server and pretender again and again",
                                run_controls, options, status);
  controls->add_option("CONTROL", options->ids, "these alone");
  controls->add_option("--add", options->add_to,
                       "add the runs to this file of 'claims run': where a control could not be judged");
  controls->add_option("--rounds", options->rounds, "of each")->check(CLI::Range(1, 1000))->capture_default_str();
  json(controls);
  markdown(controls);
}

}  // namespace wp::cli
