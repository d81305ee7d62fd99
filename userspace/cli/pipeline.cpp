// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/cli/pipeline.hpp"

#include <algorithm>

#include "userspace/reconstruct/evidence_collector.hpp"
#include "userspace/reconstruct/reconstructor.hpp"
#include "userspace/reconstruct/sched_events.hpp"
#include "userspace/reconstruct/timeline_builder.hpp"
#include "userspace/stream/replay.hpp"

namespace wp::cli {

namespace {

model::RecordingInfo describe(const stream::Header& header) {
  model::RecordingInfo info;
  info.tool_version = header.tool_version;
  info.kernel = header.kernel;
  info.host_arch = header.arch;
  info.target = header.target;
  info.command = header.command_line;
  info.cpus = header.cpus;
  info.realtime_offset_ns = header.realtime_offset_ns();
  for (const auto& hook : header.hooks) {
    model::HookUse use;
    use.name = hook.name;
    use.tracepoint = hook.tracepoint;
    use.stage = hook.stage;
    use.reason = hook.reason;
    use.attached = hook.attached;
    info.hooks.push_back(std::move(use));
  }
  return info;
}

// The header has the hooks in the order of their numbers; the counters came with the records.
void add_counts(model::RecordingInfo& info, const std::map<std::uint32_t, model::HookUse>& counts) {
  for (const auto& [hook, counted] : counts) {
    if (hook >= info.hooks.size()) continue;
    model::HookUse& use = info.hooks[hook];
    use.fired = counted.fired;
    use.self = counted.self;
    use.filtered = counted.filtered;
    use.noted = counted.noted;
    use.map_full = counted.map_full;
    use.ring_full = counted.ring_full;
    use.submitted = counted.submitted;
    use.missed = counted.missed;
    if (use.fired && !use.attached) {  // when the header was written nothing had needed it yet
      use.attached = true;
      use.reason.clear();
    }
  }
}

void add_file_diagnostics(model::Summary& summary, const stream::Replayed& replayed) {
  using Severity = model::Diagnostic::Severity;
  const auto add = [&](const char* name, Severity severity, std::uint64_t count, const std::string& sentence) {
    if (count) summary.diagnostics.push_back({name, severity, count, sentence});
  };
  const std::string where = replayed.damage.empty() ? ""
                                                    : ": " + replayed.damage.front().reason + " at byte " +
                                                          std::to_string(replayed.damage.front().offset);
  add("damage", Severity::kDataLoss, replayed.damages, "pieces of the file can't be used" + where);
  add("not_closed", Severity::kNotice, !replayed.closed_cleanly, "the recording was not closed: its end is missing");
  add("unknown_kinds", Severity::kNotice, replayed.counts.unknown_kinds, "records of a newer version were left out");
  add("late", Severity::kNotice, replayed.counts.late, "records came later than promised and are out of order");
  add("repeated", Severity::kNotice, replayed.counts.repeated, "records came twice, or after they were given up");
  add("undecodable_bytes", Severity::kDataLoss, replayed.counts.undecodable_bytes, "bytes are no records");
}

// One stream of events, two readers; `first` sees each event first.
class Both : public event::EventSink {
 public:
  Both(event::EventSink& first, event::EventSink& second) : first_(first), second_(second) {}
  void on(const event::Event& event) override {
    first_.on(event);
    second_.on(event);
  }
  void end() override {
    first_.end();
    second_.end();
  }

 private:
  event::EventSink &first_, &second_;
};

void conclude(Analysis& analysis, const reconstruct::Reconstructor& reconstructor, const stream::Replayed& replayed) {
  analysis.summary = reconstructor.summary();
  analysis.info.closed_cleanly = replayed.closed_cleanly;
  add_counts(analysis.info, reconstructor.hook_counts());
  add_file_diagnostics(analysis.summary, replayed);
}

}  // namespace

bool has_timeline(const model::RecordingInfo& info) {
  return std::any_of(info.hooks.begin(), info.hooks.end(),
                     [](const model::HookUse& hook) { return hook.attached && hook.stage == "timeline"; });
}

namespace {

// `events` has the reconstructor among its readers.
Analysis read_through(stream::RecordingReader& reader, const reconstruct::Reconstructor& reconstructor,
                      event::EventSink& events, const std::function<void(const model::TimelineSlice&)>& slices) {
  Analysis analysis{describe(reader.header()), {}};
  reconstruct::TimelineBuilder timeline(has_timeline(analysis.info), slices);
  Both both(events, timeline);
  const stream::Replayed replayed = slices ? stream::replay(reader, both) : stream::replay(reader, events);
  conclude(analysis, reconstructor, replayed);
  return analysis;
}

}  // namespace

Result<Analysis> analyse(const std::string& file, const std::function<void(const model::Path&)>& sink,
                         const std::function<void(const model::TimelineSlice&)>& slices) {
  auto reader = stream::RecordingReader::open(file);
  if (!reader) return std::move(reader.error());
  reconstruct::Reconstructor reconstructor(sink);
  return read_through(*reader, reconstructor, reconstructor, slices);
}

Result<model::RecordingInfo> describe_recording(const std::string& file) {
  auto reader = stream::RecordingReader::open(file);
  if (!reader) return std::move(reader.error());
  return describe(reader->header());
}

Result<std::vector<model::SchedEvent>> sched_events(const std::string& file) {
  auto reader = stream::RecordingReader::open(file);
  if (!reader) return std::move(reader.error());
  reconstruct::SchedEvents sched;
  stream::replay(*reader, sched);
  return sched.events();
}

Result<std::pair<Analysis, model::Evidence>> analyse_with_evidence(
    const std::string& file, const std::function<void(const model::Path&)>& sink,
    const std::function<void(const model::TimelineSlice&)>& slices) {
  auto reader = stream::RecordingReader::open(file);
  if (!reader) return std::move(reader.error());
  reconstruct::EvidenceCollector collector;
  reconstruct::Reconstructor reconstructor([&](const model::Path& path) {
    collector.on_path(path);
    sink(path);
  });
  Both both(collector, reconstructor);  // a path is counted for threads that are known
  Analysis analysis = read_through(*reader, reconstructor, both, slices);
  return std::pair{std::move(analysis), collector.take()};
}

}  // namespace wp::cli
