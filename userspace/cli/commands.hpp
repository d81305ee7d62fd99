// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What a command must offer: cmd_NAME.cpp defines `void wp::cli::add_NAME(CLI::App&, int& status)`, which
// registers a subcommand whose callback does the work and sets the program's exit status.
#include <CLI/CLI.hpp>

namespace wp::cli {

#define WP_COMMAND(name) void add_##name(CLI::App& app, int& status);
#include "command_rows.inc"
#undef WP_COMMAND

}  // namespace wp::cli
