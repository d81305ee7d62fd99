// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/cli/demo_run.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <optional>
#include <system_error>
#include <thread>

#include "userspace/cli/child.hpp"
#include "userspace/cli/programs.hpp"

namespace wp::cli {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

/// Every program below has this as its own hard limit too, so that nothing stays behind whatever happens to us.
std::uint64_t limit_seconds(const DemoPlan& plan) { return 60 + plan.requests / 1000; }

struct Server {
  Child process;
  std::string where;  ///< what a client connects to
};

void append(std::vector<std::string>& argv, std::span<const char* const> words) {
  for (const char* word : words) {
    if (word == nullptr) return;
    argv.emplace_back(word);
  }
}

/// The demo's program, once it has said that it can be watched.
Result<Child> start_program(const std::vector<std::string>& argv, std::string& said) {
  auto process = Child::start(argv, Child::Stdout::kCapture);
  if (!process) return process;
  auto line = process->read_line(20s);
  if (!line) return std::move(line.error());
  said = std::move(*line);
  return process;
}

Result<Server> start_server(const DemoPlan& plan, const std::string& log) {
  auto program = find_program(std::string(plan.demo.program));
  if (!program) return std::move(program.error());
  const std::uint64_t reads_at_most = plan.requests * (plan.message_bytes / 16384 + 1) + 1024;
  std::vector<std::string> argv{*program,
                                "--truth",
                                log,
                                "--truth-records",
                                std::to_string(reads_at_most),
                                "--message-size",
                                std::to_string(plan.message_bytes),
                                "--max-seconds",
                                std::to_string(2 * limit_seconds(plan) + 120)};
  if (plan.ipv6) argv.insert(argv.end(), {"--bind", "::1"});
  append(argv, plan.demo.arguments);
  std::string said;
  auto process = start_program(argv, said);
  if (!process) return std::move(process.error());
  constexpr std::string_view kListening = "listening ";
  if (!said.starts_with(kListening)) {
    return Error{ExitCode::kError, fmt::format("{} said '{}' instead of where it listens", process->name(), said)};
  }
  std::string where = said.substr(kListening.size());
  if (!where.starts_with("unix:")) where = (plan.ipv6 ? "[::1]:" : "127.0.0.1:") + where;
  return Server{std::move(*process), std::move(where)};
}

/// It has said why on stderr.
Error recorder_ended(int status) {
  if (status == static_cast<int>(ExitCode::kNotPermitted)) {
    return {ExitCode::kNotPermitted, "the recorder can't record here; 'wakepath doctor' tells what is missing"};
  }
  return {ExitCode::kError, fmt::format("the recorder ended with status {}", status)};
}

/// Returns when the recorder is attached: it writes a byte to the descriptor it was given, or closes it.
Result<Child> start_recorder(const DemoPlan& plan, const fs::path& own, pid_t server) {
  auto ready = make_pipe();
  if (!ready) return std::move(ready.error());
  std::vector<std::string> argv{own,  "record",       "-p",         std::to_string(server),
                                "-o", plan.recording, "--ready-fd", std::to_string(ready->write_end.get())};
  if (plan.replace_recording) argv.push_back("--force");
  argv.insert(argv.end(), plan.record_options.begin(), plan.record_options.end());
  auto recorder = Child::start(argv, Child::Stdout::kToStderr, ready->write_end.get());
  if (!recorder) return recorder;
  ready->write_end.reset();
  if (!wait_readable(ready->read_end.get(), 60s)) {
    return Error{ExitCode::kError, "the recorder was not ready within 60 s"};
  }
  char byte = 0;
  const bool told = read(ready->read_end.get(), &byte, 1) == 1;
  if (!told && recorder->has_ended(100ms)) {
    const auto status = recorder->wait(0ms);
    return recorder_ended(status ? *status : -1);
  }
  return recorder;
}

Result<std::string> run_client(const DemoPlan& plan, const std::string& where, const std::string& log) {
  auto program = find_program("wakepath-load-client");
  if (!program) return program;
  std::vector<std::string> argv{*program,
                                "--connect",
                                where,
                                "--connections",
                                std::to_string(plan.connections),
                                "--requests",
                                std::to_string(plan.requests),
                                "--size",
                                std::to_string(plan.message_bytes),
                                "--truth",
                                log,
                                "--max-seconds",
                                std::to_string(limit_seconds(plan))};
  if (plan.demo.one_at_a_time) argv.push_back("--sequential");
  if (plan.demo.transport == DemoTransport::kUdp) argv.push_back("--udp");
  append(argv, plan.demo.load);
  argv.insert(argv.end(), plan.load.begin(), plan.load.end());
  auto client = Child::start(argv, Child::Stdout::kCapture);
  if (!client) return std::move(client.error());
  const auto patience = std::chrono::seconds(limit_seconds(plan) + 30);
  auto said = client->read_rest(patience);
  if (!said) return said;
  const auto status = client->wait(10s);
  if (!status) return status.error();
  if (*status != 0) return Error{ExitCode::kError, fmt::format("the client ended with status {}: {}", *status, *said)};
  return said;
}

Result<void> stop_recorder(Child& recorder) {
  recorder.signal(SIGINT);
  const auto status = recorder.wait(120s);
  if (!status) return status.error();
  // What was lost is in the recording; the comparison will say what it cost.
  if (*status != 0 && *status != static_cast<int>(ExitCode::kDataLost)) return recorder_ended(*status);
  return {};
}

Result<void> stop_server(Child& server) {
  server.signal(SIGTERM);
  const auto status = server.wait(30s);
  if (!status) return status.error();
  if (*status != 0) return Error{ExitCode::kError, fmt::format("{} ended with status {}", server.name(), *status)};
  return {};
}

/// Both sides of it are the program's own: it is told when the recorder looks.
Result<DemoRun> run_mechanism(const DemoPlan& plan, const fs::path& own) {
  auto program = find_program(std::string(plan.demo.program));
  if (!program) return std::move(program.error());
  std::vector<std::string> argv{*program};
  append(argv, plan.demo.arguments);
  std::string said;
  auto process = start_program(argv, said);
  if (!process) return std::move(process.error());
  if (said != "ready")
    return Error{ExitCode::kError, fmt::format("{} said '{}', not 'ready'", plan.demo.program, said)};
  auto recorder = start_recorder(plan, own, process->pid());
  if (!recorder) return std::move(recorder.error()).within("record the demo");
  process->signal(SIGUSR1);
  auto told = process->read_rest(std::chrono::seconds(limit_seconds(plan)));
  if (!told) return std::move(told.error());
  auto ended = process->wait(10s);
  if (!ended) return std::move(ended.error());
  if (*ended != 0) return Error{ExitCode::kError, fmt::format("{} ended with status {}", plan.demo.program, *ended)};
  auto recorded = stop_recorder(*recorder);
  if (!recorded) return std::move(recorded.error()).within("record the demo");
  DemoRun run;
  run.client_json = std::move(*told);
  return run;
}

/// Of a server of its own: what the connections leave behind (zombies, sessions) must not be in the recording.
std::optional<MemoryUse> memory_of(const DemoPlan& plan) {
  auto server = start_server(plan, "/dev/null");
  return server ? measure_memory(server->process.pid(), server->where) : std::nullopt;
}

/// Second number of schedstat, of all threads it has now.
std::uint64_t waited_for_a_cpu_ns(pid_t pid) {
  std::uint64_t sum = 0;
  std::error_code gone;
  for (const auto& thread : fs::directory_iterator(fmt::format("/proc/{}/task", pid), gone)) {
    std::ifstream in(thread.path() / "schedstat");
    std::uint64_t ran = 0, waited = 0;
    if (in >> ran >> waited) sum += waited;
  }
  return sum;
}

/// Everything between the server's start and its end. The client's line, if there is a client.
Result<std::string> put_load_on(const DemoPlan& plan, const DemoRun& run, const Server& server) {
  if (plan.before_load)
    if (auto done = plan.before_load(server.where); !done) return std::move(done.error());
  std::string said;
  if (plan.client) {
    auto client = run_client(plan, server.where, run.client_log);
    if (!client) return std::move(client.error()).within("put load on the demo");
    said = std::move(*client);
  }
  if (plan.after_load)
    if (auto done = plan.after_load(server.where); !done) return std::move(done.error());
  std::this_thread::sleep_for(50ms);  // the server's last answers and the end of the connections
  return said;
}

}  // namespace

Result<DemoRun> run_demo(const DemoPlan& plan) {
  auto own = own_program();
  if (!own) return std::move(own.error());
  if (plan.demo.transport == DemoTransport::kNone) return run_mechanism(plan, *own);
  DemoRun run;
  run.client_log = plan.truth_folder / "client.truth";
  run.server_log = plan.truth_folder / "server.truth";

  if (plan.demo.transport != DemoTransport::kUdp && plan.measure_memory) run.memory = memory_of(plan);
  const auto begin = std::chrono::steady_clock::now();
  auto server = start_server(plan, run.server_log);
  if (!server) return std::move(server.error()).within("start the demo's server");
  run.server = server->process.pid();
  std::optional<Child> recorder;
  if (plan.record) {
    auto started = start_recorder(plan, *own, run.server);
    if (!started) return std::move(started.error()).within("record the demo");
    recorder.emplace(std::move(*started));
  }
  auto said = put_load_on(plan, run, *server);
  if (!said) return std::move(said.error());
  run.client_json = std::move(*said);

  if (recorder) {
    auto recorded = stop_recorder(*recorder);
    if (!recorded) return std::move(recorded.error()).within("record the demo");
  }
  run.queue_ns = waited_for_a_cpu_ns(run.server);
  auto stopped = stop_server(server->process);
  if (!stopped) return std::move(stopped.error()).within("stop the demo's server");
  run.used = server->process.used();
  run.wall_ns = static_cast<std::uint64_t>(std::chrono::nanoseconds(std::chrono::steady_clock::now() - begin).count());
  return run;
}

}  // namespace wp::cli
