// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/cli/record_run.hpp"

#include <poll.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>

#include "userspace/base/clock.hpp"
#include "userspace/base/unique_fd.hpp"
#include "userspace/capture/confine.hpp"
#include "userspace/capture/probes.hpp"
#include "userspace/capture/recorder.hpp"
#include "userspace/capture/refusal.hpp"
#include "userspace/cli/record_budget.hpp"
#include "userspace/cli/watched.hpp"
#include "userspace/stream/recording_writer.hpp"

namespace wp::cli {

namespace {

constexpr std::uint64_t kUsageEveryNs = 1'000'000'000, kUsageAtLeastEveryNs = 4'000'000'000;

volatile sig_atomic_t interrupts = 0;

// The first asks for an orderly end, the second ends at once: the kernel then removes the programs.
void on_interrupt(int) {
  interrupts = interrupts + 1;
  if (interrupts > 1) _exit(static_cast<int>(ExitCode::kInterruptedTwice));
}

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) sigaction(signal, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is then an error of write(2), which has a message
}

// A command that waits until it is watched, then runs.
class Command {
 public:
  static Result<std::unique_ptr<Command>> start(const std::vector<std::string>& words) {
    int gate[2];
    if (pipe(gate) != 0) return Error{ExitCode::kError, std::string("pipe: ") + std::strerror(errno)};
    const pid_t pid = fork();
    if (pid < 0) return Error{ExitCode::kError, std::string("fork: ") + std::strerror(errno)};
    if (pid == 0) run(words, gate);
    close(gate[0]);
    return std::unique_ptr<Command>(new Command(pid, UniqueFd(gate[1])));
  }
  ~Command() {
    gate_.reset();  // never let go: it ends by itself
    if (!ended_) ::kill(pid_, SIGTERM), waitpid(pid_, nullptr, 0);
  }
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void let_go() {
    if (::write(gate_.get(), "", 1) == 1) gate_.reset();
  }
  bool ended() {
    if (!ended_ && waitpid(pid_, &status_, WNOHANG) == pid_) ended_ = true;
    return ended_;
  }
  /// As a shell would tell it.
  [[nodiscard]] int status() const { return WIFSIGNALED(status_) ? 128 + WTERMSIG(status_) : WEXITSTATUS(status_); }

 private:
  Command(pid_t pid, UniqueFd gate) : pid_(pid), gate_(std::move(gate)) {}

  [[noreturn]] static void run(const std::vector<std::string>& words, const int (&gate)[2]) {
    close(gate[1]);
    // Looked at, not read: a read would be the command's first path.
    pollfd go{gate[0], POLLIN, 0};
    while (poll(&go, 1, -1) < 0 && errno == EINTR) continue;
    if (!(go.revents & POLLIN)) _exit(125);  // the recorder has ended
    close(gate[0]);
    std::vector<char*> arguments;
    for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    execvp(arguments[0], arguments.data());
    const int error = errno;
    std::fprintf(stderr, "wakepath: error: run '%s': %s\n", arguments[0], std::strerror(error));
    _exit(error == ENOENT ? 127 : 126);
  }

  pid_t pid_;
  UniqueFd gate_;
  bool ended_ = false;
  int status_ = 0;
};

std::string own_command_line() {
  std::ifstream file("/proc/self/cmdline");
  std::string words;
  for (std::string word; std::getline(file, word, '\0');) words += (words.empty() ? "" : " ") + word;
  return words;
}

stream::Header header_for(const RecordOptions& options, const capture::Probes& probes) {
  stream::Header header = stream::own_header();
  header.kernel = capture::kernel_release();
  header.arch = capture::machine();
  header.target = options.target.describe();
  header.command_line = own_command_line();
  header.cpus = probes.cpus();
  header.ring_bytes = options.ring_bytes;
  header.monotonic_ns = clock_ns();
  header.realtime_ns = static_cast<std::int64_t>(clock_ns(CLOCK_REALTIME));
  for (const auto& hook : probes.hooks())
    header.hooks.push_back({hook.name, hook.tracepoint, hook.stage, hook.attached, hook.reason});
  return header;
}

void announce(const RecordOptions& options, const capture::Probes& probes) {
  const auto& hooks = probes.hooks();
  const auto attached = std::count_if(hooks.begin(), hooks.end(), [](const auto& h) { return h.attached; });
  spdlog::info("recording {}, {} of {} hooks, into {}{}", options.target.describe(), attached, hooks.size(),
               options.output, options.duration_ns ? "" : "; Ctrl-C ends it");
}

std::string size_text(std::uint64_t bytes) {
  return bytes < 10'000'000 ? fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3)
                            : fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

// Under sudo the recording belongs to who typed the command, who is going to read it.
std::optional<stream::Owner> invoking_user() {
  const auto number = [](const char* name) -> std::optional<unsigned> {
    const char* text = std::getenv(name);
    unsigned value = 0;
    if (!text) return std::nullopt;
    const auto [rest, error] = std::from_chars(text, text + std::strlen(text), value);
    return error == std::errc() && *rest == '\0' ? std::optional(value) : std::nullopt;
  };
  const auto uid = number("SUDO_UID"), gid = number("SUDO_GID");
  if (geteuid() != 0 || !uid || !gid) return std::nullopt;
  return stream::Owner{*uid, *gid};
}

class Session {
 public:
  explicit Session(const RecordOptions& options) : options_(options) {}
  Result<int> run();

 private:
  Result<std::vector<pid_t>> choose();
  Result<void> prepare();
  Result<void> loop();
  Result<void> write_usage();
  [[nodiscard]] bool over();
  [[nodiscard]] Error with_dropped(Error error) const;
  Result<int> conclude(Result<void> looped);
  [[nodiscard]] Result<void> look_at_seals() const;

  const RecordOptions& options_;
  std::unique_ptr<Command> command_;
  std::unique_ptr<capture::KernelFacts> facts_;
  std::unique_ptr<capture::Probes> probes_;
  std::unique_ptr<stream::RecordingWriter> writer_;
  std::unique_ptr<capture::Recorder> recorder_;
  std::unique_ptr<Budget> budget_;
  std::unique_ptr<Watched> watched_;
  std::uint64_t end_ns_ = 0, next_check_ns_ = 0, next_usage_ns_ = 0;
};

Result<std::vector<pid_t>> Session::choose() {
  auto pids = capture::resolve(options_.target);
  if (!pids || options_.target.command.empty()) return pids;
  auto command = Command::start(options_.target.command);
  if (!command) return std::move(command.error());
  command_ = std::move(*command);
  return std::vector<pid_t>{command_->pid()};
}

Result<void> Session::prepare() {
  if (auto target = options_.target.check(); !target) return target;
  if (auto obstacle = capture::known_obstacle()) return std::move(*obstacle);
  if (std::string why = capture::foreign_namespace(); !why.empty())
    return Error{ExitCode::kNotPermitted, std::move(why)};
  auto facts = capture::KernelFacts::read();
  if (!facts) return std::move(facts.error());
  facts_ = std::make_unique<capture::KernelFacts>(std::move(*facts));
  if (!options_.target.cgroup.empty())
    if (auto id = capture::cgroup_id(options_.target.cgroup); !id) return std::move(id.error());
  if (auto pids = capture::resolve(options_.target); !pids) return std::move(pids.error());
  auto probes = capture::Probes::load({.target = options_.target,
                                       .ring_bytes = options_.ring_bytes,
                                       .without = options_.without,
                                       .detail = options_.detail,
                                       .empty = options_.empty,
                                       .canary = options_.canary,
                                       .target_room = options_.target_room},
                                      *facts_);
  if (!probes) return std::move(probes.error());
  probes_ = std::move(*probes);
  auto pids = choose();
  if (!pids) return std::move(pids.error());
  watched_ = std::make_unique<Watched>(options_.target.pids);
  if (auto attached = probes_->attach(); !attached) return attached;
  probes_->set_sample(options_.sample);
  recorder_ = std::make_unique<capture::Recorder>(*probes_, *facts_);
  const auto take = [this]() -> Result<void> {
    recorder_->take();
    return {};
  };
  if (auto found = probes_->find_existing(*pids, take); !found) return found;
  if (options_.target.port && probes_->target_count() == 0)
    return Error{ExitCode::kError, "nobody has a socket with local port " + std::to_string(options_.target.port) +
                                       "; start the server first, or record it with -- COMMAND"};
  if (!options_.target.comm.empty() && pids->empty())
    spdlog::warn("no process is named '{}' yet; waiting for one", options_.target.comm);
  auto writer = stream::RecordingWriter::create(
      options_.output, header_for(options_, *probes_),
      options_.replace ? stream::Existing::kReplace : stream::Existing::kRefuse, invoking_user());
  if (!writer) return std::move(writer.error());
  writer_ = std::move(*writer);
  if (facts_->address_of("ep_poll_callback") == 0)
    spdlog::warn("/proc/kallsyms shows no addresses, so how readers wait will not be known; it takes CAP_SYSLOG");
  recorder_->write_to(*writer_);
  capture::DetailChange asked;
  asked.from = asked.to = options_.detail;
  asked.sample = options_.sample;
  asked.budget_ppm = options_.max_cpu_ppm;
  recorder_->note_detail(asked);
  if (options_.max_cpu_ppm) budget_ = std::make_unique<Budget>(*probes_, *recorder_, asked);
  return {};
}

bool Session::over() {
  const std::uint64_t now = clock_ns();
  if (interrupts || (end_ns_ && now >= end_ns_)) return true;
  if (now < next_check_ns_) return false;
  next_check_ns_ = now + 50'000'000;
  return (command_ && command_->ended()) || watched_->all_ended();
}

Result<void> Session::loop() {
  if (options_.duration_ns) end_ns_ = clock_ns() + options_.duration_ns;
  while (!over()) {
    if (auto turned = recorder_->turn(); !turned) return turned;
    if (auto served = probes_->serve_signals([this] { return recorder_->turn(); }); !served) return served;
    if (auto written = write_usage(); !written) return written;
    if (budget_) budget_->keep(clock_ns());
    usleep(recorder_->pause_us());
  }
  return {};
}

// Once a second, and where walking all tasks of the machine takes more than a thousandth of that, less often.
Result<void> Session::write_usage() {
  const std::uint64_t now_ns = clock_ns();
  if (now_ns < next_usage_ns_) return {};
  const std::uint64_t begin_cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
  auto written = probes_->write_usage(capture::Probes::Books::kChanged, [this] { return recorder_->turn(); });
  const std::uint64_t took_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begin_cpu_ns;
  next_usage_ns_ = now_ns + std::clamp(1000 * took_ns, kUsageEveryNs, kUsageAtLeastEveryNs);
  return written;
}

// What came out of the rings and did not reach the file is told: nothing else can.
Error Session::with_dropped(Error error) const {
  const std::uint64_t received = recorder_->received(), written = writer_->counts().probe_records;
  if (received > written)
    error.message += fmt::format("; {} records were received in all, {} dropped", received, received - written);
  return error;
}

Result<int> Session::conclude(Result<void> looped) {
  if (looped) looped = probes_->write_usage(capture::Probes::Books::kAll, [this] { return recorder_->turn(); });
  probes_->detach();
  if (!looped) return with_dropped(std::move(looped.error()));
  if (auto finished = recorder_->finish(); !finished) return with_dropped(std::move(finished.error()));
  if (auto closed = writer_->close(); !closed) return with_dropped(std::move(closed.error()));
  if (options_.canary)
    if (auto seals = look_at_seals(); !seals) return std::move(seals.error());
  const std::uint64_t lost = recorder_->lost();
  if (!options_.quiet)
    spdlog::info("wrote {} ({}): {} records, {} lost. Next: wakepath report {}", options_.output,
                 size_text(writer_->file_bytes()), recorder_->received(), lost, options_.output);
  if (options_.max_loss && lost > *options_.max_loss) {
    spdlog::error("{} records were lost, more than --max-loss {}; record with a larger --ring", lost,
                  *options_.max_loss);
    return static_cast<int>(ExitCode::kDataLost);
  }
  return command_ && command_->ended() ? command_->status() : static_cast<int>(ExitCode::kDone);
}

// Only a defect of ours breaks one.
Result<void> Session::look_at_seals() const {
  capture::SealCounts seals;
  for (const capture::Ring& ring : probes_->rings()) seals += ring.seals();
  spdlog::info(
      "canary: {} records, {} of them made inside of another; {} torn, {} with a foreign word, {} with a "
      "foreign state",
      seals.records, seals.inside, seals.torn, seals.foreign_word, seals.foreign_state);
  if (seals.broken() == 0) return {};
  const auto& hooks = probes_->hooks();
  const std::string name = seals.hook < hooks.size() ? hooks[seals.hook].name : "no hook";
  return Error{ExitCode::kError,
               fmt::format("internal error: programs wrote what belongs to others: {} records, the last of "
                           "kind {} by {}",
                           seals.broken(), seals.kind, name)};
}

Result<int> Session::run() {
  catch_signals();
  if (auto prepared = prepare(); !prepared) return std::move(prepared.error());
  const auto whom = command_ ? capture::MaySignal::kAnybody : capture::MaySignal::kOwn;
  if (auto confined = capture::confine(whom); !confined) return std::move(confined.error());
  if (!options_.quiet) announce(options_, *probes_);
  if (command_) command_->let_go();
  if (options_.ready_fd >= 0 && ::write(options_.ready_fd, "", 1) != 1)
    return Error{ExitCode::kUsage, std::string("--ready-fd: ") + std::strerror(errno)};
  return conclude(loop());
}

}  // namespace

Result<int> record(const RecordOptions& options) { return Session(options).run(); }

}  // namespace wp::cli
