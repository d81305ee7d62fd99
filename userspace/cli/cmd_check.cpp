// SPDX-License-Identifier: GPL-2.0-or-later
// wakepath check: claims about a server, for scripts. The exit status is the verdict.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "userspace/cli/commands.hpp"
#include "userspace/cli/judge_source.hpp"
#include "userspace/cli/output.hpp"
#include "userspace/judge/claim_output.hpp"

namespace wp::cli {

namespace {

struct Options {
  JudgeSource source;
  std::vector<std::string> claims, files;
  std::string junit;
  bool json = false;
};

Result<std::vector<judge::Claim>> claims_of(const Options& options) {
  std::vector<judge::Claim> claims;
  for (const std::string& text : options.claims) {
    auto claim = judge::parse_claim(text);
    if (!claim) return std::move(claim.error());
    claims.push_back(std::move(*claim));
  }
  for (const std::string& file : options.files) {
    auto more = judge::read_claims(file);
    if (!more) return std::move(more.error());
    claims.insert(claims.end(), more->begin(), more->end());
  }
  if (claims.empty()) return Error{ExitCode::kUsage, "nothing to check: name a claim with --claim or --claims FILE"};
  return claims;
}

int status_of_all(const std::vector<judge::ClaimResult>& results) {
  const auto any = [&](auto... verdicts) {
    return std::any_of(results.begin(), results.end(), [&](const auto& r) { return ((r.verdict == verdicts) || ...); });
  };
  if (any(judge::Verdict::kRefuted)) return static_cast<int>(ExitCode::kRefuted);
  if (any(judge::Verdict::kUndecided, judge::Verdict::kNotApplicable)) return static_cast<int>(ExitCode::kUndecided);
  return static_cast<int>(ExitCode::kDone);
}

Result<void> write(const std::string& file, const std::string& text) {
  auto output = Output::open(file);
  if (!output) return std::move(output.error());
  output->write(text);
  return output->finish();
}

int run(Options& options) {
  auto claims = claims_of(options);
  if (!claims) return fail(claims.error());
  judge::ClaimChecker checker(std::move(*claims));
  auto judged = options.source.read([&](const model::Path& path) { checker.on_path(path); });
  if (!judged) return fail(judged.error());
  const judge::Classification classification = judge::classify(judged->evidence);
  const auto results = checker.judge({judged->evidence, judged->analysis.summary, classification});
  if (!options.junit.empty())
    if (auto written = write(options.junit, judge::claims_junit(results)); !written) return fail(written.error());
  auto written = write("-", options.json ? judge::claims_json(results).dump(2) + "\n" : judge::claims_text(results));
  return written ? status_of_all(results) : fail(written.error());
}

}  // namespace

void add_check(CLI::App& app, int& status) {
  auto options = std::make_shared<Options>();
  CLI::App* sub =
      app.add_subcommand("check", "claims about a server, for scripts: exit 0 they hold, 3 refuted, 4 undecided");
  options->source.add_options(*sub);
  sub->add_option("--claim", options->claims,
                  "such as event-driven, or \"p99(waking..running) < 200us\"; may be repeated");
  sub->add_option("--claims", options->files, "a TOML file: claims = [\"...\", ...]");
  sub->add_option("--junit", options->junit, "also write JUnit XML here");
  sub->add_flag("--json", options->json, "print JSON");
  sub->callback([options, &status] { status = run(*options); });
}

}  // namespace wp::cli
