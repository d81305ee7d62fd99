// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Runs one demo: server, recorder, client, each a process of its own. Analyses nothing.
//
// A server prints `listening WHERE` (a port, or unix:PATH) and serves until SIGTERM. A program with no load client
// (DemoTransport::kNone) prints `ready`, waits for SIGUSR1, plays its part, prints one line of JSON with what it
// knows it did, and ends.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/result.hpp"
#include "userspace/cli/child.hpp"
#include "userspace/cli/demo_memory.hpp"
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
  bool ipv6 = false;
  std::vector<std::string> record_options{};  ///< more for the recorder
  std::vector<std::string> load{};            ///< of the client, besides the demo's own
  bool client = true;                         ///< false: nobody talks to the server but the steps below
  bool record = true;                         ///< false: the server is alone with its load
  bool measure_memory = true;
  /// With where the server listens: before the client and after it, both within the recording.
  std::function<Result<void>(const std::string&)> before_load{}, after_load{};
};

/// What is left when all three have ended.
struct DemoRun {
  std::string client_json;  ///< the line the client printed; of a program without a client: the program's
  std::string client_log, server_log;
  std::optional<MemoryUse> memory;  ///< absent: no connections to measure by
  pid_t server = 0;                 ///< 0: the program was no server
  Child::Used used;                 ///< by the server and its children, from its start to its end
  std::uint64_t wall_ns = 0;        ///< so long it lived
  std::uint64_t queue_ns = 0;       ///< so long its threads waited for a CPU
};

/// The recorder is this program itself, the others are looked for beside it.
Result<DemoRun> run_demo(const DemoPlan& plan);

}  // namespace wp::cli
