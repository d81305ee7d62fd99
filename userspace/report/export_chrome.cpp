// SPDX-License-Identifier: GPL-2.0-or-later
// Chrome's JSON: CPUs receive, threads read, an arrow leads from one to the other, and an asynchronous span covers the
// whole request. Times are microseconds of CLOCK_MONOTONIC with three decimals.
#include <fmt/format.h>

#include <iterator>
#include <set>

#include "userspace/report/blame_text.hpp"
#include "userspace/report/exporter.hpp"
#include "userspace/report/words.hpp"

namespace wp::report {
namespace {

using model::Stage;

constexpr std::uint32_t kCpuProcess = 0;  // the idle task's number: no server has it

std::string micros(std::uint64_t ns) { return fmt::format("{}.{:03}", ns / 1000, ns % 1000); }

std::string json_text(const std::string& text) {
  std::string out;
  JsonWriter(out).value(std::string_view(text));
  return out;
}

class Chrome : public Exporter {
 public:
  using Exporter::Exporter;

  void begin(const model::RecordingInfo&) override {
    out_ += R"({"traceEvents":[)";
    name("process_name", kCpuProcess, 0, "CPUs");
  }

  void add(const model::Path& path) override {
    const std::uint32_t tid = path.task.id.tid;
    if (named_.insert({path.task.pid, tid}).second) {
      name("process_name", path.task.pid, tid, path.task.comm);
      name("thread_name", path.task.pid, tid, path.task.comm);
    }
    const bool arrives = add_arrival(path);
    const auto& read = path.at(Stage::kRead).has_time() ? path.at(Stage::kRead) : path.at(Stage::kCopied);
    const auto& done = path.at(Stage::kDone);
    // One read may take several deliveries: it is one slice, and every one of them leads to it.
    const bool has_slice = read.has_time() && done.has_time() && read.ts_ns <= done.ts_ns;
    if (has_slice && path.read_id != last_read_)
      slice(path.syscall, path.task.pid, tid, read.ts_ns, done.ts_ns, fmt::format(R"("request":{})", path.id));
    if (has_slice) last_read_ = path.read_id;
    if (arrives && has_slice) {
      event("s", "data", kCpuProcess, static_cast<std::uint32_t>(path.at(Stage::kQueued).cpu),
            path.at(Stage::kQueued).ts_ns, fmt::format(R"(,"id":{})", path.id));
      event("f", "data", path.task.pid, tid, done.ts_ns, fmt::format(R"(,"id":{},"bp":"e")", path.id));
    }
    add_span(path);
  }

  Result<void> end(const model::Summary&, const std::vector<model::SchedEvent>&) override {
    out_ += "\n],\"displayTimeUnit\":\"ns\"}\n";
    return {};
  }

 private:
  // Every packet passes stack and socket by itself, one after the other on a CPU: these slices never overlap.
  bool add_arrival(const model::Path& path) {
    const auto& stack = path.at(Stage::kStack);
    const auto& queued = path.at(Stage::kQueued);
    if (!stack.has_time() || !queued.has_time() || path.arrival.backlog || stack.cpu != queued.cpu || stack.cpu < 0)
      return false;
    if (path.part_of_delivery == 0)
      slice("receive " + peer_address(path.socket), kCpuProcess, static_cast<std::uint32_t>(stack.cpu), stack.ts_ns,
            queued.ts_ns, fmt::format(R"("request":{})", path.id));
    return true;
  }

  void add_span(const model::Path& path) {
    const auto total = model::total_ns(path);
    if (!total) return;
    const std::uint64_t done = path.at(Stage::kDone).ts_ns;
    std::string args;
    for (const model::BlameShare& share : path.blame)
      fmt::format_to(
          std::back_inserter(args), R"({}"{}{}_ns":{})", args.empty() ? "" : ",", model::cause_name(share.cause),
          share.cause == model::Cause::kUnknown ? std::string("_") + model::reason_name(share.why) : "", share.ns);
    const std::string id = fmt::format(R"(,"cat":"request","id":{})", path.id);
    event("b", "request", path.task.pid, path.task.id.tid, done - *total, id + ",\"args\":{" + args + "}");
    event("e", "request", path.task.pid, path.task.id.tid, done, id);
  }

  void comma() {
    out_ += is_first_ ? "\n" : ",\n";
    is_first_ = false;
  }
  void name(const char* what, std::uint32_t pid, std::uint32_t tid, const std::string& text) {
    comma();
    fmt::format_to(std::back_inserter(out_), R"({{"ph":"M","name":"{}","pid":{},"tid":{},"args":{{"name":{}}}}})", what,
                   pid, tid, json_text(text));
  }
  void slice(const std::string& text, std::uint32_t pid, std::uint32_t tid, std::uint64_t from, std::uint64_t to,
             const std::string& args) {
    comma();
    fmt::format_to(std::back_inserter(out_),
                   R"({{"ph":"X","name":{},"pid":{},"tid":{},"ts":{},"dur":{},"args":{{{}}}}})", json_text(text), pid,
                   tid, micros(from), micros(to - from), args);
  }
  void event(const char* phase, const char* text, std::uint32_t pid, std::uint32_t tid, std::uint64_t at,
             const std::string& more) {
    comma();
    fmt::format_to(std::back_inserter(out_), R"({{"ph":"{}","name":"{}","pid":{},"tid":{},"ts":{}{}}})", phase, text,
                   pid, tid, micros(at), more.find("\"cat\"") == std::string::npos ? more + R"(,"cat":"data")" : more);
  }

  bool is_first_ = true;
  std::uint64_t last_read_ = 0;
  std::set<std::pair<std::uint32_t, std::uint32_t>> named_;
};

}  // namespace

std::unique_ptr<Exporter> make_chrome(std::string& out) { return std::make_unique<Chrome>(out); }

}  // namespace wp::report
