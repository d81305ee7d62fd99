// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdio>

#include "bpf/wire/events.h"
#include "userspace/cli/commands.hpp"

namespace wp::cli {

void add_version(CLI::App& app, int& status) {
  app.add_subcommand("version", "print the version of the program and of its event format")->callback([&status] {
    std::printf("wakepath %s (events %d.%d)\n", WP_VERSION, WP_WIRE_MAJOR, WP_WIRE_MINOR);
    status = 0;
  });
}

}  // namespace wp::cli
