// SPDX-License-Identifier: GPL-2.0-or-later
// wakepath stat: how long requests take, from histograms that the kernel keeps. No records, no file: it may stay on.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "userspace/base/clock.hpp"
#include "userspace/capture/confine.hpp"
#include "userspace/capture/probes.hpp"
#include "userspace/capture/refusal.hpp"
#include "userspace/capture/stat_source.hpp"
#include "userspace/cli/commands.hpp"
#include "userspace/cli/interrupt.hpp"
#include "userspace/cli/output.hpp"
#include "userspace/cli/record_target.hpp"
#include "userspace/cli/watched.hpp"
#include "userspace/report/stat.hpp"

namespace wp::cli {
namespace {

constexpr std::uint64_t kLookEveryNs = 50'000'000;

Result<void> no_records() { return {}; }

struct Options {
  TypedTarget target;
  double interval_s = 1;
  bool at_end = false;
  bool json = false;
  int ready_fd = -1;
};

class Session {
 public:
  explicit Session(const Options& options) : options_(options) {}

  Result<void> run() {
    const InterruptScope scope;
    if (auto prepared = prepare(); !prepared) return prepared;
    if (options_.ready_fd >= 0 && ::write(options_.ready_fd, "", 1) != 1)
      return Error{ExitCode::kUsage, "--ready-fd: it can't be written to"};
    begun_ns_ = shown_ns_ = clock_ns();
    first_ = last_ = source_->sum();
    while (!over()) {
      if (auto served = probes_->serve_signals(no_records); !served) return served;
      if (auto shown = show_if_due(); !shown) return shown;
      const timespec pause{0, static_cast<long>(kLookEveryNs)};
      nanosleep(&pause, nullptr);
    }
    probes_->detach();
    return show(options_.at_end ? *first_ : *last_, options_.at_end ? begun_ns_ : shown_ns_);
  }

 private:
  Result<void> prepare() {
    RecordOptions applied;
    if (auto target = apply(options_.target, applied); !target) return target;
    if (auto target = applied.target.check(); !target) return target;
    if (auto obstacle = capture::known_obstacle()) return std::move(*obstacle);
    if (std::string why = capture::foreign_namespace(); !why.empty())
      return Error{ExitCode::kNotPermitted, std::move(why)};
    if (applied.duration_ns) end_ns_ = clock_ns() + applied.duration_ns;
    auto facts = capture::KernelFacts::read();
    if (!facts) return std::move(facts.error());
    auto pids = capture::resolve(applied.target);
    if (!pids) return std::move(pids.error());
    capture::ProbeOptions wanted;
    wanted.target = applied.target;
    wanted.ring_bytes = 4096;  // nothing is put into it
    wanted.stat = true;
    auto probes = capture::Probes::load(wanted, *facts);
    if (!probes) return std::move(probes.error());
    probes_ = std::move(*probes);
    watched_.emplace(applied.target.pids);
    if (auto attached = probes_->attach(); !attached) return attached;
    if (auto found = probes_->find_existing(*pids, no_records); !found) return found;
    auto source = capture::StatSource::map(probes_->stats_fd(), probes_->cpus());
    if (!source) return std::move(source.error());
    source_ = std::make_unique<capture::StatSource>(std::move(*source));
    auto output = Output::open("-");
    if (!output) return std::move(output.error());
    output_ = std::make_unique<Output>(std::move(*output));
    return capture::confine(capture::MaySignal::kOwn);
  }

  [[nodiscard]] bool over() const {
    return reader_left_ || InterruptScope::requested() || (end_ns_ && clock_ns() >= end_ns_) || watched_->all_ended();
  }

  Result<void> show_if_due() {
    if (options_.at_end || clock_ns() - shown_ns_ < static_cast<std::uint64_t>(options_.interval_s * 1e9)) return {};
    return show(*last_, shown_ns_);
  }

  Result<void> show(const wp_stat_counts& before, std::uint64_t since_ns) {
    const std::uint64_t now = clock_ns();
    auto counts = source_->sum();
    report::StatTable table = report::stat_between(before, *counts);
    table.seconds = static_cast<double>(now - since_ns) / 1e9;
    table.lost = probes_->lost_by_stat();
    last_ = std::move(counts);
    shown_ns_ = now;
    reader_left_ = !output_->write(options_.json ? report::stat_json(table).dump() + '\n' : report::stat_text(table));
    return output_->finish();
  }

  const Options& options_;
  std::unique_ptr<capture::Probes> probes_;
  std::unique_ptr<capture::StatSource> source_;
  std::unique_ptr<Output> output_;
  std::optional<Watched> watched_;
  std::shared_ptr<wp_stat_counts> first_, last_;
  bool reader_left_ = false;
  std::uint64_t begun_ns_ = 0, shown_ns_ = 0, end_ns_ = 0;
};

}  // namespace

void add_stat(CLI::App& app, int& status) {
  auto options = std::make_shared<Options>();
  CLI::App* sub = app.add_subcommand("stat", "how long requests take, kept as histograms in the kernel: always on");
  add_target_options(*sub, options->target);
  auto* interval = sub->add_option("--interval", options->interval_s, "seconds between two tables (default: 1)")
                       ->check(CLI::Range(0.1, 86400.0));
  sub->add_flag("--at-end", options->at_end, "one table, at the end")->excludes(interval);
  sub->add_flag("--json", options->json, "a line of JSON for each table, times in ns");
  sub->add_option("--ready-fd", options->ready_fd, "write a byte to this descriptor once counting runs");
  sub->callback([options, &status] {
    const auto done = Session(*options).run();
    status = done ? 0 : fail(done.error());
  });
}

}  // namespace wp::cli
