// SPDX-License-Identifier: GPL-2.0-or-later
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <memory>

#include "userspace/base/exit_code.hpp"
#include "userspace/cli/commands.hpp"

namespace {

struct Command {
  const char* name;
  void (*add)(CLI::App& app, int& status);
};

constexpr Command kCommands[] = {
#define WP_COMMAND(name) {#name, wp::cli::add_##name},
#include "command_rows.inc"
#undef WP_COMMAND
};

// stdout is for data: every message goes to stderr.
void log_to_stderr() {
  auto logger = std::make_shared<spdlog::logger>("wakepath", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger->set_pattern("wakepath: %^%l%$: %v");
  spdlog::set_default_logger(std::move(logger));
}

int run(int argc, char** argv) {
  CLI::App app{"Shows the causal path of every request that reaches a server, and who is to blame for the slow ones.",
               "wakepath"};
  app.set_version_flag("--version", "wakepath " WP_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(26);
  int status = 0;
  for (const Command& command : kCommands) command.add(app, status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    // Also thrown for --help and --version, with status 0.
    return app.exit(e) == 0 ? 0 : static_cast<int>(wp::ExitCode::kUsage);
  }
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    log_to_stderr();
    return run(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "wakepath: error: %s\n", e.what());
  } catch (...) {
    std::fputs("wakepath: error: unknown failure\n", stderr);
  }
  return static_cast<int>(wp::ExitCode::kError);
}
