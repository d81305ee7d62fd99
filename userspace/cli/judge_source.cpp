// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/cli/judge_source.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#ifndef WP_WITHOUT_CAPTURE
#include "userspace/cli/interrupt.hpp"
#include "userspace/cli/output.hpp"
#include "userspace/cli/record_target.hpp"
#endif

namespace wp::cli {

namespace {

// How a thread waits is told by its calls, and a share of all its requests says nothing of the others.
Result<JudgeSource::Judged> if_whole(Result<std::pair<Analysis, model::Evidence>> judged) {
  if (!judged) return std::move(judged.error());
  const model::Summary& summary = judged->first.summary;
  if (!summary.has_calls() || summary.is_sampled())
    return Error{ExitCode::kUsage,
                 "this recording is without system calls, or of some requests only; record with --detail path and "
                 "without --sample and --max-cpu to have it judged"};
  return JudgeSource::Judged{std::move(judged->first), std::move(judged->second)};
}

}  // namespace

#ifndef WP_WITHOUT_CAPTURE
struct JudgeSource::Typed {
  TypedTarget target;
  unsigned ring_mebibytes = 64;
};
#else
struct JudgeSource::Typed {};
#endif

JudgeSource::JudgeSource() : typed_(std::make_unique<Typed>()) {}
JudgeSource::~JudgeSource() = default;

void JudgeSource::add_options(CLI::App& sub) {
  sub.add_option("FILE", file_, "a recording");
#ifndef WP_WITHOUT_CAPTURE
  add_target_options(sub, typed_->target);
  sub.add_option("-o,--output", keep_, "keep the recording here");
  sub.add_option("--ring", typed_->ring_mebibytes, "MiB of buffer for each CPU (default: 64)")
      ->check(CLI::Range(1U, 1024U));
#endif
}

#ifndef WP_WITHOUT_CAPTURE
namespace {

/// In a process of its own: who records gives up the right to open files for good (docs/decisions/0009), and we read
/// the recording afterwards. The first interrupt ends the recording, not us.
Result<void> record_apart(const RecordOptions& options) {
  const InterruptScope scope;
  const pid_t recorder = fork();
  if (recorder < 0) return Error{ExitCode::kError, std::string("start the recorder: ") + std::strerror(errno)};
  if (recorder == 0) {
    const auto done = record(options);
    _exit(done ? *done : fail(done.error()));
  }
  int status = 0;
  while (waitpid(recorder, &status, 0) < 0 && errno == EINTR) {
  }
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : static_cast<int>(ExitCode::kError);
  if (code == static_cast<int>(ExitCode::kDone) || code == static_cast<int>(ExitCode::kDataLost)) return {};
  return Error{static_cast<ExitCode>(code), fmt::format("nothing was recorded: the recorder ended with {}", code)};
}

}  // namespace

// Named, so that record() can create it; an empty file would be refused.
Result<std::string> JudgeSource::recording() {
  RecordOptions options;
  if (auto applied = apply(typed_->target, options); !applied) return std::move(applied.error());
  if (!options.duration_ns) options.duration_ns = 10'000'000'000;
  options.ring_bytes = 4096;
  while (options.ring_bytes < std::size_t{typed_->ring_mebibytes} << 20U) options.ring_bytes <<= 1U;
  options.quiet = true;
  options.output = keep_;
  options.replace = keep_.empty();
  if (keep_.empty())
    options.output = std::filesystem::temp_directory_path() / ("wakepath-" + std::to_string(getpid()) + ".wkp");
  if (auto recorded = record_apart(options); !recorded) return std::move(recorded.error());
  return options.output;
}
#else
Result<std::string> JudgeSource::recording() { return Error{ExitCode::kNotPermitted, "this build can't record"}; }
#endif

Result<JudgeSource::Judged> JudgeSource::read(const std::function<void(const model::Path&)>& sink) {
#ifndef WP_WITHOUT_CAPTURE
  const bool target = typed_->target.named();
#else
  const bool target = false;
#endif
  if (target != file_.empty())
    return Error{ExitCode::kUsage, "name a recording or a target, one of them: FILE, -p, -c, --port, --cgroup or -a"};
  if (!target) return if_whole(analyse_with_evidence(file_, sink));
  auto made = recording();
  if (!made) return std::move(made.error());
  auto judged = analyse_with_evidence(*made, sink);
  if (keep_.empty()) ::unlink(made->c_str());
  return if_whole(std::move(judged));
}

}  // namespace wp::cli
