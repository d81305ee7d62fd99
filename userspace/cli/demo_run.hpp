// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Runs one demo: server, recorder, client, each a process of its own. Analyses nothing.
#include <cstdint>
#include <filesystem>
#include <string>

#include "userspace/base/result.hpp"
#include "userspace/cli/demo_table.hpp"

namespace wp::cli {

struct DemoPlan {
  Demo demo;
  std::uint64_t connections = 1;
  std::uint64_t requests = 20000;
  std::uint64_t message_bytes = 64;
  std::filesystem::path recording;
  bool replace_recording = false;
  std::filesystem::path truth_folder;  ///< exists
};

/// What is left when all three have ended.
struct DemoRun {
  std::string client_json;  ///< the line the client printed
  std::string client_log, server_log;
};

/// The recorder is this program itself, the others are looked for beside it.
Result<DemoRun> run_demo(const DemoPlan& plan);

}  // namespace wp::cli
