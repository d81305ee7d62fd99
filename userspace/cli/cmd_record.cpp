// SPDX-License-Identifier: GPL-2.0-or-later
#include <spdlog/spdlog.h>

#include <charconv>
#include <memory>

#include "userspace/base/exit_code.hpp"
#include "userspace/cli/commands.hpp"
#include "userspace/cli/record_target.hpp"
#include "userspace/model/model.hpp"

namespace wp::cli {

namespace {

std::size_t ring_bytes(unsigned mebibytes) {
  std::size_t bytes = 4096;
  while (bytes < std::size_t{mebibytes} << 20U) bytes <<= 1U;
  return bytes;
}

// "2%" or "2": percent, in millionths.
Result<std::uint32_t> share_ppm(const std::string& text) {
  double percent = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
  const std::string unit(rest, text.data() + text.size());
  if (error != std::errc() || (!unit.empty() && unit != "%") || !(percent >= 0.01 && percent <= 100))
    return Error{ExitCode::kUsage, "--max-cpu: '" + text + "' is no share of 0.01% to 100%; write 2%"};
  return static_cast<std::uint32_t>(percent * 1e4);
}

struct Typed {
  RecordOptions options;
  TypedTarget target;
  std::string detail = "path";
  std::string max_cpu;
  std::string canary;
  unsigned ring_mebibytes = 16;
  unsigned ring_pages = 0;
  bool verbose = false;
};

int run(Typed& typed) {
  if (typed.verbose) spdlog::set_level(spdlog::level::trace);
  const auto fail = [](const Error& error) {
    spdlog::error("{}", error.message);
    return static_cast<int>(error.code);
  };
  if (auto applied = apply(typed.target, typed.options); !applied) return fail(applied.error());
  typed.options.ring_bytes = typed.ring_pages ? typed.ring_pages * 4096U : ring_bytes(typed.ring_mebibytes);
  if (!typed.max_cpu.empty()) {
    auto ppm = share_ppm(typed.max_cpu);
    if (!ppm) return fail(ppm.error());
    typed.options.max_cpu_ppm = *ppm;
  }
  typed.options.detail = static_cast<wp_detail_level>(*model::detail_from_name(typed.detail));
  if (!typed.canary.empty()) typed.options.canary = typed.canary == "own" ? WP_CANARY_OWN : WP_CANARY_SHARED;
  auto status = record(typed.options);
  return status ? *status : fail(status.error());
}

}  // namespace

void add_record(CLI::App& app, int& status) {
  auto typed = std::make_shared<Typed>();
  CLI::App* sub = app.add_subcommand("record", "record a live server into a file, for report, show and export");
  add_target_options(*sub, typed->target);
  sub->add_option("command", typed->target.command, "-- COMMAND ARGUMENT...: start it and record it until it ends");
  sub->add_option("--detail", typed->detail,
                  "path (default); light: cheaper, without system calls; timeline: also interrupts, softirqs, every "
                  "switch, and entries of system calls")
      ->check(CLI::IsMember({"light", "path", "timeline"}));
  sub->add_option("--sample", typed->options.sample, "record one request of this many, each whole")
      ->check(CLI::Range(1U, 1000000U));
  sub->add_option("--max-cpu", typed->max_cpu,
                  "give up detail where recording takes more of all CPUs' time than this, such as 2%");
  sub->add_option("-o,--output", typed->options.output, "file to write (default: wakepath.wkp)");
  sub->add_flag("-f,--force", typed->options.replace, "replace the file if it is there");
  sub->add_option("--ring", typed->ring_mebibytes, "MiB of buffer for each CPU (default: 16)")
      ->check(CLI::Range(1U, 1024U));
  sub->add_option("--ring-pages", typed->ring_pages, "the same in pages, for tests")
      ->check(CLI::Range(1U, 262144U))
      ->group("");
  sub->add_flag("--empty-programs", typed->options.empty, "attach programs that do nothing, to measure what that costs")
      ->group("");
  sub->add_option("--canary", typed->canary, "seal every record, for tests: own, or shared, which must be found out")
      ->check(CLI::IsMember({"own", "shared"}))
      ->group("");
  sub->add_option("--target-room", typed->options.target_room, "processes that can be targets at once, for tests")
      ->group("");
  sub->add_option("--without", typed->options.without, "leave out a program, such as sched__wakeup")->group("");
  sub->add_option("--max-loss", typed->options.max_loss, "exit with 6 when more records are lost");
  sub->add_option("--ready-fd", typed->options.ready_fd, "write a byte to this descriptor once recording runs");
  sub->add_flag("-q,--quiet", typed->options.quiet, "no messages but errors");
  sub->add_flag("-v,--verbose", typed->verbose, "also what libbpf and the verifier say");
  sub->callback([typed, &status] { status = run(*typed); });
}

}  // namespace wp::cli
