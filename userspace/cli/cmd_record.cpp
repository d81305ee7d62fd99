// SPDX-License-Identifier: GPL-2.0-or-later
#include <spdlog/spdlog.h>

#include <charconv>
#include <memory>

#include "userspace/base/exit_code.hpp"
#include "userspace/cli/commands.hpp"
#include "userspace/cli/record_run.hpp"

namespace wp::cli {

namespace {

// "10", "10s", "500ms", "2m": a bare number is seconds.
Result<std::uint64_t> duration_ns(const std::string& text) {
  double value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string unit(rest, text.data() + text.size());
  const double scale = unit.empty() || unit == "s" ? 1e9
                       : unit == "ms"              ? 1e6
                       : unit == "m"               ? 60e9
                       : unit == "h"               ? 3600e9
                                                   : 0;
  if (error != std::errc() || scale == 0 || value <= 0 || value * scale > 9e18)
    return Error{ExitCode::kUsage, "-d: '" + text + "' is no duration; write 10s, 500ms, 2m or 1h"};
  return static_cast<std::uint64_t>(value * scale);
}

std::size_t ring_bytes(unsigned mebibytes) {
  std::size_t bytes = 4096;
  while (bytes < std::size_t{mebibytes} << 20U) bytes <<= 1U;
  return bytes;
}

struct Typed {
  RecordOptions options;
  std::vector<pid_t> pids;
  std::string duration;
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
  typed.options.target.pids = typed.pids;
  if (!typed.duration.empty()) {
    auto duration = duration_ns(typed.duration);
    if (!duration) return fail(duration.error());
    typed.options.duration_ns = *duration;
  }
  typed.options.ring_bytes = typed.ring_pages ? typed.ring_pages * 4096U : ring_bytes(typed.ring_mebibytes);
  auto status = record(typed.options);
  return status ? *status : fail(status.error());
}

}  // namespace

void add_record(CLI::App& app, int& status) {
  auto typed = std::make_shared<Typed>();
  CLI::App* sub = app.add_subcommand("record", "record a live server into a file, for report, show and export");
  capture::Target& target = typed->options.target;
  sub->add_option("-p,--pid", typed->pids, "processes, with their threads and descendants")
      ->delimiter(',')
      ->check(CLI::PositiveNumber);
  sub->add_option("-c,--comm", target.comm, "every process of this name, now and later");
  sub->add_option("--port", target.port, "sockets of this local port, and who holds them")->check(CLI::Range(1, 65535));
  sub->add_option("--cgroup", target.cgroup, "every process in this cgroup, now and later");
  sub->add_flag("-a,--all", target.everything, "everything but wakepath itself");
  sub->add_option("command", target.command, "-- COMMAND ARGUMENT...: start it and record it until it ends");
  sub->add_option("-d,--duration", typed->duration, "stop after this time, such as 10s");
  sub->add_option("-o,--output", typed->options.output, "file to write (default: wakepath.wkp)");
  sub->add_flag("-f,--force", typed->options.replace, "replace the file if it is there");
  sub->add_option("--ring", typed->ring_mebibytes, "MiB of buffer for each CPU (default: 16)")
      ->check(CLI::Range(1U, 1024U));
  sub->add_option("--ring-pages", typed->ring_pages, "the same in pages, for tests")
      ->check(CLI::Range(1U, 262144U))
      ->group("");
  sub->add_option("--without", typed->options.without, "leave out a program, such as sched__wakeup")->group("");
  sub->add_option("--max-loss", typed->options.max_loss, "exit with 6 when more records are lost");
  sub->add_option("--ready-fd", typed->options.ready_fd, "write a byte to this descriptor once recording runs");
  sub->add_flag("-q,--quiet", typed->options.quiet, "no messages but errors");
  sub->add_flag("-v,--verbose", typed->verbose, "also what libbpf and the verifier say");
  sub->callback([typed, &status] { status = run(*typed); });
}

}  // namespace wp::cli
