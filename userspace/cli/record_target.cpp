// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/cli/record_target.hpp"

#include <charconv>

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

}  // namespace

void add_target_options(CLI::App& sub, TypedTarget& typed) {
  sub.add_option("-p,--pid", typed.pids, "processes, with their threads and descendants")
      ->delimiter(',')
      ->check(CLI::PositiveNumber);
  sub.add_option("-c,--comm", typed.comm, "every process of this name, now and later");
  sub.add_option("--port", typed.port, "sockets of this local port, and who holds them")->check(CLI::Range(1, 65535));
  sub.add_option("--cgroup", typed.cgroup, "every process in this cgroup, now and later");
  sub.add_flag("-a,--all", typed.everything, "everything but wakepath itself");
  sub.add_option("-d,--duration", typed.duration, "stop after this time, such as 10s");
}

Result<void> apply(const TypedTarget& typed, RecordOptions& options) {
  capture::Target& target = options.target;
  target.pids = typed.pids;
  target.comm = typed.comm;
  target.cgroup = typed.cgroup;
  target.port = typed.port;
  target.everything = typed.everything;
  target.command = typed.command;
  if (typed.duration.empty()) return {};
  auto duration = duration_ns(typed.duration);
  if (!duration) return std::move(duration.error());
  options.duration_ns = *duration;
  return {};
}

}  // namespace wp::cli
