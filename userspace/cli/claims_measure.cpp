// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/cli/claims_measure.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <thread>

#include "userspace/base/text.hpp"
#include "userspace/cli/claims_facts.hpp"
#include "userspace/cli/demo_run.hpp"
#include "userspace/cli/interrupt.hpp"
#include "userspace/cli/pipeline.hpp"
#include "userspace/cli/programs.hpp"
#include "userspace/cli/temporary_folder.hpp"
#include "userspace/judge/settle_gates.hpp"
#include "userspace/report/show.hpp"

namespace wp::cli {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using judge::Arm;

constexpr std::uint64_t kMessageBytes = 64;
constexpr std::uint64_t kRoundsOfControls = 2;
constexpr std::uint64_t kRoundsOfObserver = 6;

std::vector<std::string> load_words(const Arm& arm) {
  std::vector<std::string> words;
  const auto add = [&](const char* option, std::uint64_t value, std::uint64_t usual) {
    if (value != usual) words.insert(words.end(), {option, std::to_string(value)});
  };
  add("--rate", arm.rate, 0);
  add("--interval-us", arm.interval_us, 0);
  add("--pipeline", arm.pipeline, 1);
  add("--idle", arm.idle, 0);
  if (arm.reconnect) words.emplace_back("--reconnect");
  return words;
}

/// Connections on which nothing more is sent. They stay open until the recording has ended: their end would be an
/// event.
Result<void> stay_quiet(const Arm& arm, const std::string& where, std::vector<UniqueFd>& open) {
  for (std::uint64_t i = 0; i < arm.quiet_connections; ++i) {
    open.push_back(connect_to(where));
    if (!open.back()) return Error{ExitCode::kError, fmt::format("idle connection {} was refused", i + 1)};
  }
  if (arm.unanswered && !open.empty()) {
    const std::string two(2 * kMessageBytes, 'u');
    if (send(open[0].get(), two.data(), two.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(two.size()))
      return Error{ExitCode::kError, "two requests at once could not be sent"};
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(arm.quiet_ms));
  return {};
}

/// As many descriptors as are allowed: idle connections are ours.
void allow_many_descriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 4096);
  setrlimit(RLIMIT_NOFILE, &limit);
}

DemoPlan plan_of(const Arm& arm, const Demo& demo, const fs::path& folder, std::vector<UniqueFd>& open) {
  DemoPlan plan{demo, arm.connections, arm.requests, kMessageBytes, folder / "claims.wkp", true, folder, false};
  plan.demo.load = {};
  plan.load = load_words(arm);
  plan.client = arm.requests > 0;
  plan.record = arm.trace;
  plan.record_options = {"-q", "--ring", "64"};
  plan.measure_memory = arm.memory;
  if (arm.early_ms > 0)
    plan.before_load = [&arm](const std::string&) -> Result<void> {
      std::this_thread::sleep_for(std::chrono::milliseconds(arm.early_ms));
      return {};
    };
  if (arm.quiet_ms > 0)
    plan.after_load = [&arm, &open](const std::string& where) { return stay_quiet(arm, where, open); };
  return plan;
}

/// `compare`: the logs of both ends are of all that was sent.
Result<void> read_recording(DemoFindings& findings, bool compare, model::Evidence& evidence, PathCounts& counts) {
  std::optional<truth::Comparer> comparer;
  if (compare) {
    auto loaded = truth::Comparer::load(findings.run.client_log, findings.run.server_log);
    if (!loaded) return std::move(loaded.error());
    comparer.emplace(std::move(*loaded));
  }
  auto analysis = analyse_with_evidence(findings.plan.recording, [&](const model::Path& path) {
    if (comparer) comparer->on_path(path);
    counts.add(path);
    findings.report.on_path(path);
  });
  if (!analysis) return std::move(analysis.error());
  findings.info = std::move(analysis->first.info);
  findings.summary = std::move(analysis->first.summary);
  evidence = std::move(analysis->second);
  if (comparer) findings.verdict = comparer->finish();
  return {};
}

void classify_server(const model::Evidence& evidence, pid_t server, judge::ArmRun& run) {
  const auto classes = judge::classify(evidence);
  for (const judge::ServerVerdict& verdict : classes.servers) {
    if (verdict.pid != static_cast<std::uint32_t>(server)) continue;
    run.wait_class = judge::class_name(verdict.wait);
    run.kind = verdict.kind;
    run.architecture = judge::architecture_name(verdict.architecture);
    const auto thread = std::find_if(verdict.threads.begin(), verdict.threads.end(),
                                     [&](const judge::ThreadVerdict& t) { return t.wait == verdict.wait; });
    if (thread == verdict.threads.end()) return;
    run.wait_evidence = !thread->missing.empty()   ? thread->missing
                        : thread->evidence.empty() ? ""
                                                   : thread->evidence.back();
    return;
  }
}

/// The requests that the serving thread's evidence names, drawn.
void draw(const fs::path& recording, const model::ThreadEvidence& thread, judge::ArmRun& run) {
  const std::pair<const char*, std::uint64_t> wanted[] = {
      {"typical", thread.typical.path_id}, {"worst", thread.worst.path_id}, {"contrary", thread.contrary.path_id}};
  const report::Style style{100, false, true};
  const auto drawn = analyse(recording, [&](const model::Path& path) {
    for (const auto& [which, id] : wanted)
      if (id != 0 && id == path.id) run.shown.push_back({which, report::render_path(path, style)});
  });
  if (!drawn) run.shown.clear();
}

Result<void> run_server(const Arm& arm, const fs::path& folder, judge::ArmRun& run) {
  const Demo* demo = find_demo(arm.demo);
  if (!demo) return Error{ExitCode::kError, "there is no demo " + in_quotes(arm.demo)};
  std::vector<UniqueFd> open;
  const DemoPlan plan = plan_of(arm, *demo, folder, open);
  auto ran = run_demo(plan);
  open.clear();
  if (!ran) return std::move(ran.error());
  DemoFindings findings{plan, std::move(*ran), {}, {}, {}, {}, {}};
  add_load_facts(findings.run, plan.client ? arm.requests : 0, run.facts);
  if (!arm.trace) return {};
  model::Evidence evidence;
  PathCounts counts;
  if (auto read = read_recording(findings, plan.client && !arm.unanswered, evidence, counts); !read) return read;
  add_recorded_facts(findings, evidence, run.facts);
  counts.put_into(run.facts);
  classify_server(evidence, findings.run.server, run);
  const model::ThreadEvidence* thread = serving_thread(evidence, findings.run.server);
  if (run.round == 0 && thread) draw(plan.recording, *thread, run);
  return {};
}

Result<void> run_trial(const Arm& arm, judge::ArmRun& run) {
  const auto slash = arm.trial.find('/');
  auto program = find_program("wakepath-trials-" + arm.trial.substr(0, slash));
  if (!program) return std::move(program.error());
  auto child =
      Child::start({*program, arm.trial.substr(slash + 1), std::to_string(arm.trials)}, Child::Stdout::kCapture);
  if (!child) return std::move(child.error());
  auto said = child->read_rest(90s);
  if (!said) return std::move(said.error());
  const auto status = child->wait(10s);
  if (!status) return status.error();
  const auto json = nlohmann::json::parse(*said, nullptr, false);
  if (*status != 0 || !json.is_object())
    return Error{ExitCode::kError, fmt::format("trial {} ended with status {}", arm.trial, *status)};
  for (const auto& [name, value] : json.items())
    if (value.is_number()) run.facts[name] = value.get<double>();
  return {};
}

judge::ArmRun run_arm(const Arm& arm, std::uint64_t round, std::uint64_t order, const fs::path& folder,
                      ExitCode& code) {
  judge::ArmRun run;
  run.arm = arm.id;
  run.round = round;
  run.order = order;
  const auto begin = std::chrono::steady_clock::now();
  const auto done = arm.trial.empty() ? run_server(arm, folder, run) : run_trial(arm, run);
  run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (!done) {
    run.facts.clear();
    run.error = done.error().message;
    code = done.error().code;
  }
  keep_known(run.facts);
  return run;
}

void ask_for(std::vector<Planned>& plan, const Arm* arm, std::uint64_t rounds) {
  if (!arm) return;
  const auto found = std::find_if(plan.begin(), plan.end(), [&](const Planned& p) { return p.arm == arm; });
  if (found == plan.end())
    plan.push_back({arm, rounds});
  else
    found->rounds = std::max(found->rounds, rounds);
}

}  // namespace

std::vector<Planned> plan_claims(const judge::Catalogue& catalogue, const std::vector<std::string>& ids, bool all) {
  std::vector<Planned> plan;
  for (const Arm& arm : catalogue.arms)
    if (!arm.control.empty() && !arm.matrix_only && (all || arm.always)) ask_for(plan, &arm, kRoundsOfControls);
  for (const judge::NoteClaim& claim : catalogue.claims) {
    if (std::find(ids.begin(), ids.end(), claim.id) == ids.end()) continue;
    for (const judge::Part& part : claim.parts) {
      for (const std::string& id : part.subject) ask_for(plan, catalogue.arm(id), claim.runs);
      ask_for(plan, catalogue.arm(part.baseline), claim.runs);
    }
  }
  for (const char* id : {judge::kObserved, judge::kUnobserved})
    if (all) ask_for(plan, catalogue.arm(id), kRoundsOfObserver);
  return plan;
}

std::vector<Planned> plan_controls(const judge::Catalogue& catalogue, const std::vector<std::string>& only,
                                   std::uint64_t rounds) {
  std::vector<Planned> plan;
  for (const Arm& arm : catalogue.arms)
    if (!arm.control.empty() && (only.empty() || std::find(only.begin(), only.end(), arm.id) != only.end()))
      plan.push_back({&arm, rounds});
  return plan;
}

Result<judge::Batch> measure(const judge::Catalogue& catalogue, const std::vector<Planned>& plan,
                             const std::function<void(const std::string&)>& progress) {
  auto folder = TemporaryFolder::make();
  if (!folder) return std::move(folder.error());
  judge::Batch batch;
  batch.tool_version = WP_VERSION;
  utsname kernel{};
  if (uname(&kernel) == 0) batch.kernel = kernel.release;
  batch.catalogue_hash = catalogue.hash;
  batch.cpus = static_cast<std::uint64_t>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
  std::uint64_t rounds = 0, runs = 0;
  for (const Planned& planned : plan) {
    rounds = std::max(rounds, planned.rounds);
    runs += planned.rounds;
  }
  allow_many_descriptors();
  const InterruptScope scope;
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < plan.size(); ++i) {
      const Planned& next = plan[round % 2 == 0 ? i : plan.size() - 1 - i];
      if (round >= next.rounds) continue;
      progress(fmt::format("run {} of {}: {}", batch.runs.size() + 1, runs, next.arm->id));
      ExitCode code = ExitCode::kDone;
      batch.runs.push_back(run_arm(*next.arm, round, batch.runs.size(), (*folder)->path(), code));
      if (code == ExitCode::kNotPermitted) return Error{code, batch.runs.back().error};
      if (InterruptScope::requested()) return Error{ExitCode::kInterruptedTwice, "interrupted: nothing was settled"};
      if (!batch.runs.back().error.empty()) progress("  failed: " + batch.runs.back().error);
    }
  }
  batch.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return batch;
}

}  // namespace wp::cli
