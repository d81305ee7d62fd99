// SPDX-License-Identifier: GPL-2.0-or-later
// wakepath load: the load client, which is a program of its own so that what it does is not ours.
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <vector>

#include "userspace/cli/commands.hpp"
#include "userspace/cli/output.hpp"
#include "userspace/cli/programs.hpp"

namespace wp::cli {
namespace {

/// Returns only when it failed.
Error become_client(const std::vector<std::string>& words) {
  const auto program = find_program("wakepath-load-client");
  if (!program) return program.error();
  std::vector<char*> argv{const_cast<char*>(program->c_str())};  // exec does not write
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  execv(program->c_str(), argv.data());
  return Error{ExitCode::kError, "start " + *program + ": " + std::strerror(errno)};
}

}  // namespace

void add_load(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand("load", "put load on a server: --connect ADDR:PORT, --workload W0..W10, ...");
  command->prefix_command();
  command->footer(
      "All that follows goes to wakepath-load-client. 'wakepath load --list' names the workloads, each a set of the\n"
      "options --connections, --idle, --requests, --size, --pipeline, --rate, --reconnect, --seconds and so on; those\n"
      "given besides win. The server must be an echo server of fixed-size messages, such as the bundled ones.");
  command->callback([command, &status] { status = fail(become_client(command->remaining())); });
}

}  // namespace wp::cli
