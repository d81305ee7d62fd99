// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/cli/report_html.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <string_view>

#include "userspace/base/unique_fd.hpp"
#include "userspace/cli/output.hpp"
#include "userspace/cli/pipeline.hpp"
#include "userspace/judge/classification_output.hpp"
#include "userspace/report/html_report.hpp"
#include "userspace/report/summary.hpp"

namespace wp::cli {

namespace {

// Addresses and names of commands are personal data: only the owner may read the file, and the owner is who called
// sudo, so that nobody opens it in a browser as root.
void make_private(const std::string& output) {
  if (output == "-") return;
  const UniqueFd fd(open(output.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd) return;  // it is there already, and keeps its owner; or the open that follows says why not
  const auto number = [](const char* name) {
    const char* text = geteuid() == 0 ? std::getenv(name) : nullptr;
    int value = -1;
    const std::string_view digits = text ? text : "";
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
  };
  const int uid = number("SUDO_UID"), gid = number("SUDO_GID");
  if (uid > 0 && fchown(fd.get(), static_cast<uid_t>(uid), static_cast<gid_t>(gid)) != 0) return;
}

}  // namespace

// The first reading counts and chooses, the second collects: what is embedded is known to fit before it is kept.
Result<std::uint64_t> report_html(const HtmlOptions& options) {
  report::Report report;
  report::RequestChoice choice(options.most_requests);
  report::TimelineWindows windows(options.most_slices);
  const auto judged = analyse_with_evidence(
      options.recording,
      [&](const model::Path& path) {
        report.on_path(path);
        choice.on_path(path);
        windows.on_path(path);
      },
      [&](const model::TimelineSlice& slice) { windows.on_slice(slice); });
  if (!judged) return Error(judged.error());
  const Analysis& first = judged->first;
  choice.choose();
  windows.choose();

  const std::uint64_t base_ns = first.summary.first_ns;
  report::HtmlRequests requests(base_ns);
  report::HtmlTimeline timeline(base_ns);
  const auto second = analyse(
      options.recording,
      [&](const model::Path& path) {
        if (choice.keeps(path)) requests.add(path);
      },
      [&](const model::TimelineSlice& slice) {
        if (windows.keeps(slice)) timeline.add(slice);
      });
  if (!second) return Error(second.error());
  timeline.finish();

  report::HtmlInput input;
  input.report = report::summary_json(first.info, first.summary, report);
  input.classification = judge::classification_json(judge::classify(judged->second));
  input.file = options.recording;
  input.detailed = has_timeline(first.info);
  input.base_ns = base_ns;
  input.end_ns = first.summary.last_ns;
  input.summary = &first.summary;
  input.choice = &choice;
  input.windows = &windows;
  input.requests = &requests;
  input.timeline = &timeline;

  make_private(options.output);
  auto output = Output::open(options.output);
  if (!output) return std::move(output.error());
  auto written = report::write_html(input, [&](std::string_view piece) { return output->write(piece); });
  if (auto finished = output->finish(); !finished) return std::move(finished.error());  // it knows the cause
  if (!written) return std::move(written.error());
  return first.summary.events_lost;
}

}  // namespace wp::cli
