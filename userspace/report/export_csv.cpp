// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <iterator>

#include "userspace/base/text.hpp"
#include "userspace/report/blame_text.hpp"
#include "userspace/report/exporter.hpp"
#include "userspace/report/words.hpp"

namespace wp::report {
namespace {

// RFC 4180: what needs it is quoted, quotes are doubled. A cell that a spreadsheet would calculate is text.
std::string cell(const std::string& text) {
  std::string clean = valid_utf8(text);
  const bool is_formula = !clean.empty() && std::string("=+-@").find(clean.front()) != std::string::npos;
  if (!is_formula && clean.find_first_of(",\"\r\n") == std::string::npos) return clean;
  std::string quoted = is_formula ? "\"'" : "\"";
  for (const char c : clean) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

class Csv : public Exporter {
 public:
  using Exporter::Exporter;

  void begin(const model::RecordingInfo&) override {
    out_ += "id,pid,tid,comm,protocol,local,peer,fd,syscall,bytes,total_ns,complete,loss_nearby";
    for (std::size_t i = 0; i < model::kStageCount; ++i)
      fmt::format_to(std::back_inserter(out_), ",{}_ts_ns", model::stage_name(static_cast<model::Stage>(i)));
    for (std::size_t i = 0; i < model::kCauseCount; ++i)
      fmt::format_to(std::back_inserter(out_), ",{}_ns", model::cause_name(static_cast<model::Cause>(i)));
    out_ += ",first_cause,culprit\r\n";
  }

  void add(const model::Path& path) override {
    auto to = std::back_inserter(out_);
    fmt::format_to(to, "{},{},{},{},{},{},{},{},{},{},", path.id, path.task.pid, path.task.id.tid, cell(path.task.comm),
                   protocol_name(path.socket), cell(local_address(path.socket)), cell(peer_address(path.socket)),
                   path.fd, cell(path.syscall), path.bytes);
    const auto total = model::total_ns(path);
    if (total) fmt::format_to(to, "{}", *total);
    fmt::format_to(to, ",{:d},{:d}", model::is_complete(path), path.loss_nearby);
    for (const model::StagePoint& point : path.stages) {
      out_ += ',';
      if (point.has_time()) fmt::format_to(to, "{}", point.ts_ns);
    }
    for (std::size_t i = 0; i < model::kCauseCount; ++i) {
      out_ += ',';
      if (total) fmt::format_to(to, "{}", model::blame_ns(path.blame, static_cast<model::Cause>(i)));
    }
    out_ += ',';
    if (!path.blame.empty())
      fmt::format_to(to, "{},{}", model::cause_name(path.blame.front().cause), cell(culprit_key(path.blame.front())));
    else
      out_ += ',';
    out_ += "\r\n";
  }

  Result<void> end(const model::Summary&, const std::vector<model::SchedEvent>&) override { return {}; }
};

}  // namespace

std::unique_ptr<Exporter> make_csv(std::string& out) { return std::make_unique<Csv>(out); }

}  // namespace wp::report
