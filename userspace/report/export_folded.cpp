// SPDX-License-Identifier: GPL-2.0-or-later
// One line a stack, as flame graph programs read it: server;cause;culprit nanoseconds.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "userspace/base/text.hpp"
#include "userspace/report/blame_text.hpp"
#include "userspace/report/exporter.hpp"

namespace wp::report {
namespace {

std::string frame(std::string text) {
  std::replace(text.begin(), text.end(), ';', ':');
  return text.empty() ? "?" : text;
}

class Folded : public Exporter {
 public:
  using Exporter::Exporter;

  void begin(const model::RecordingInfo&) override {}

  void add(const model::Path& path) override {
    const std::string server = frame(printable(path.task.comm));
    for (const model::BlameShare& share : path.blame) {
      std::string stack = server + ';' + model::cause_name(share.cause);
      // Only the largest part of a share has a name; what others took stands without one.
      const std::string who = culprit_key(share);
      const bool is_named = !who.empty() && share.cause != model::Cause::kUnknown && share.culprit.ns != 0;
      if (!is_named) {
        if (share.cause == model::Cause::kUnknown) stack += ';' + frame(who);
        stacks_[stack] += share.ns;
        continue;
      }
      stacks_[stack + ';' + frame(who)] += share.culprit.ns;
      if (share.ns > share.culprit.ns) stacks_[stack + ";others"] += share.ns - share.culprit.ns;
    }
  }

  Result<void> end(const model::Summary&, const std::vector<model::SchedEvent>&) override {
    for (const auto& [stack, ns] : stacks_) fmt::format_to(std::back_inserter(out_), "{} {}\n", stack, ns);
    return {};
  }

 private:
  std::map<std::string, std::uint64_t> stacks_;
};

}  // namespace

std::unique_ptr<Exporter> make_folded(std::string& out) { return std::make_unique<Folded>(out); }

}  // namespace wp::report
