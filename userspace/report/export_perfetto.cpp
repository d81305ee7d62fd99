// SPDX-License-Identifier: GPL-2.0-or-later
// Perfetto's trace format: our stages as tracks with flows, and the scheduler's own records so that its queries work.
// Field numbers are those of docs/schema/perfetto.proto.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "userspace/base/text.hpp"
#include "userspace/report/blame_text.hpp"
#include "userspace/report/exporter.hpp"
#include "userspace/report/proto_writer.hpp"
#include "userspace/report/words.hpp"

namespace wp::report {
namespace {

using model::SchedEvent;
using model::Stage;

enum Clock : std::uint32_t {
  kRealtime = 1,
  kMonotonic = 3,
  kBoottime = 6
};
enum Packet : std::uint32_t {
  kFtraceEvents = 1,
  kClockSnapshot = 6,
  kTimestamp = 8,
  kSequence = 10,
  kTrackEvent = 11,
  kClockId = 58,
  kTrackDescriptor = 60
};
enum EventType : std::uint32_t {
  kBegin = 1,
  kEnd = 2
};

constexpr std::uint64_t kCpuTracks = 1'000, kConnections = 1, kLaneTracks = 1'000'000'000;
constexpr std::uint32_t kUnrecorded = 1U << 22U;  // above every task number of the kernel (PID_MAX_LIMIT)
constexpr std::size_t kEventsOfBundle = 1000;

struct Slice {
  std::uint64_t track = 0, from = 0, to = 0, flow = 0;
  bool flow_ends = false;
  std::string name, category;
};

class Perfetto : public Exporter {
 public:
  using Exporter::Exporter;

  void begin(const model::RecordingInfo& info) override {
    // All clocks at one moment. The scheduler's records count as boot time, which is monotonic time and suspends: none
    // happen within a recording.
    ProtoWriter snapshot;
    const std::uint64_t zero = 1;
    for (const auto& [clock, at] : {std::pair{kMonotonic, zero}, std::pair{kBoottime, zero},
                                    std::pair{kRealtime, zero + static_cast<std::uint64_t>(info.realtime_offset_ns)}})
      snapshot.message(1, ProtoWriter().number(1, clock).number(2, at));
    snapshot.number(2, kMonotonic);
    ProtoWriter packet;
    packet.message(kClockSnapshot, snapshot).number(kSequence, 1);
    add_packet(packet);
    add_track(kConnections, 0, "connections");
  }

  void add(const model::Path& path) override {
    const std::uint64_t thread = thread_track(path.task);
    const auto& stack = path.at(Stage::kStack);
    const auto& queued = path.at(Stage::kQueued);
    const auto& read = path.at(Stage::kRead).has_time() ? path.at(Stage::kRead) : path.at(Stage::kCopied);
    const auto& done = path.at(Stage::kDone);
    const bool is_read = read.has_time() && done.has_time() && read.ts_ns <= done.ts_ns;
    const bool arrives = stack.has_time() && queued.has_time() && !path.arrival.backlog && stack.cpu == queued.cpu &&
                         stack.cpu >= 0 && path.part_of_delivery == 0;
    const bool is_first_of_read = is_read && path.read_id != last_read_;
    const std::uint64_t flow = arrives && is_first_of_read ? path.id : 0;
    if (arrives)
      slice({cpu_track(static_cast<std::uint32_t>(stack.cpu)), stack.ts_ns, queued.ts_ns, flow, false,
             "receive " + peer_address(path.socket), "arrival"});
    add_request(path);
    if (is_first_of_read)
      slice({thread, read.ts_ns, done.ts_ns, flow, true, path.syscall.empty() ? "read" : path.syscall, "read"});
    if (is_read) last_read_ = path.read_id;
  }

  [[nodiscard]] bool wants_sched() const override { return true; }

  Result<void> end(const model::Summary&, const std::vector<SchedEvent>& sched) override {
    std::map<std::uint32_t, std::vector<const SchedEvent*>> by_cpu;
    for (const SchedEvent& event : sched) by_cpu[event.cpu].push_back(&event);
    for (const auto& [cpu, events] : by_cpu)
      for (std::size_t at = 0; at < events.size(); at += kEventsOfBundle)
        add_bundle(cpu, events, at, std::min(at + kEventsOfBundle, events.size()));
    return {};
  }

 private:
  // A connection's requests may overlap: each gets a lane that is free by then.
  void add_request(const model::Path& path) {
    const auto total = model::total_ns(path);
    if (!total) return;
    const std::uint64_t done = path.at(Stage::kDone).ts_ns, first = done - *total;
    auto& lanes = lanes_[path.socket.cookie];
    auto lane = std::find_if(lanes.begin(), lanes.end(), [first](const auto& one) { return one.second <= first; });
    if (lane == lanes.end()) {
      lanes.emplace_back(kLaneTracks + next_lane_++, 0);
      lane = std::prev(lanes.end());
      const std::string peer = peer_address(path.socket);
      add_track(lane->first, kConnections, peer.empty() ? fmt::format("socket {}", path.socket.cookie) : peer);
    }
    lane->second = done;
    event(lane->first, first, kBegin, fmt::format("request #{}", path.id), "request", 0, false, &path);
    std::uint64_t at = 0;
    for (const Stage stage : model::stage_order(path)) {
      const auto& point = path.at(stage);
      if (!point.has_time()) continue;
      // Times that contradict their order have no place in nested slices.
      if (at && point.ts_ns > at && point.ts_ns <= done)
        slice({lane->first, at, point.ts_ns, 0, false, std::string("to ") + model::stage_name(stage), "stage"});
      at = std::max(at, point.ts_ns);
      if (stage == Stage::kDone) break;
    }
    event(lane->first, done, kEnd, {}, {}, 0, false, nullptr);
  }

  void slice(const Slice& s) {
    event(s.track, s.from, kBegin, s.name, s.category, s.flow, s.flow_ends, nullptr);
    event(s.track, s.to, kEnd, {}, {}, 0, false, nullptr);
  }

  void event(std::uint64_t track, std::uint64_t at, EventType type, const std::string& name,
             const std::string& category, std::uint64_t flow, bool flow_ends, const model::Path* of) {
    ProtoWriter inner;
    if (of)
      for (const model::BlameShare& share : of->blame) annotate(inner, share);
    inner.number(9, type).number(11, track);
    if (!category.empty()) inner.bytes(22, category);
    if (!name.empty()) inner.bytes(23, valid_utf8(name));
    if (flow) inner.fixed64(flow_ends ? 48 : 47, flow);
    ProtoWriter packet;
    packet.number(kTimestamp, at).number(kSequence, 1).message(kTrackEvent, inner).number(kClockId, kMonotonic);
    add_packet(packet);
  }

  static void annotate(ProtoWriter& inner, const model::BlameShare& share) {
    std::string name = std::string(model::cause_name(share.cause)) + "_ns";
    inner.message(4, ProtoWriter().number(3, share.ns).bytes(10, name));
    if (const std::string who = culprit_text(share); !who.empty())
      inner.message(4, ProtoWriter().bytes(6, who).bytes(10, std::string(model::cause_name(share.cause)) + "_by"));
  }

  std::uint64_t cpu_track(std::uint32_t cpu) {
    const std::uint64_t track = kCpuTracks + cpu;
    if (tracks_.insert(track).second) add_track(track, 0, fmt::format("CPU {} receives", cpu));
    return track;
  }

  std::uint64_t thread_track(const model::Task& task) {
    const std::uint64_t track = kLaneTracks * 2 + task.id.tid;
    if (!tracks_.insert(track).second) return track;
    const std::string comm = valid_utf8(task.comm);
    ProtoWriter thread, process, descriptor, packet;
    thread.number(1, task.pid).number(2, task.id.tid).bytes(5, comm);
    process.number(1, task.pid).bytes(6, comm);
    descriptor.number(1, track).message(4, thread);
    if (task.pid == task.id.tid) {
      ProtoWriter of_process;
      of_process.number(1, kLaneTracks * 3 + task.pid).message(3, process);
      add_packet(ProtoWriter().number(kSequence, 1).message(kTrackDescriptor, of_process));
    }
    add_packet(packet.number(kSequence, 1).message(kTrackDescriptor, descriptor));
    return track;
  }

  void add_track(std::uint64_t track, std::uint64_t parent, const std::string& name) {
    ProtoWriter descriptor, packet;
    descriptor.number(1, track).bytes(2, valid_utf8(name));
    if (parent) descriptor.number(5, parent);
    add_packet(packet.number(kSequence, 1).message(kTrackDescriptor, descriptor));
  }

  void add_bundle(std::uint32_t cpu, const std::vector<const SchedEvent*>& events, std::size_t from, std::size_t to) {
    ProtoWriter bundle, packet;
    bundle.number(1, cpu);
    for (std::size_t i = from; i < to; ++i) bundle.message(2, ftrace(*events[i]));
    add_packet(packet.message(kFtraceEvents, bundle).number(kSequence, 2));
  }

  static std::uint32_t number_of(std::uint32_t tid, std::uint32_t cpu) {
    return tid == model::kNobodyKnown ? kUnrecorded + cpu : tid;
  }
  static std::string name_of(std::uint32_t tid, std::uint32_t cpu, const std::string& comm) {
    if (tid == model::kNobodyKnown) return "[not recorded]";
    return tid == 0 ? fmt::format("swapper/{}", cpu) : valid_utf8(comm);
  }

  static ProtoWriter interrupt(const SchedEvent& e) {
    ProtoWriter event, inner;
    event.number(1, e.ts_ns).number(2, e.prev_tid);
    inner.number(1, e.number);
    switch (e.kind) {
      case SchedEvent::Kind::kIrqEntry: return std::move(event.message(36, inner.bytes(2, valid_utf8(e.next_comm))));
      case SchedEvent::Kind::kIrqExit: return std::move(event.message(37, inner));
      case SchedEvent::Kind::kSoftirqEntry: return std::move(event.message(24, inner));
      default: return std::move(event.message(25, inner));
    }
  }

  static ProtoWriter ftrace(const SchedEvent& e) {
    ProtoWriter event, inner;
    if (e.kind != SchedEvent::Kind::kSwitch && e.kind != SchedEvent::Kind::kWaking) return interrupt(e);
    const std::uint32_t prev = number_of(e.prev_tid, e.cpu), next = number_of(e.next_tid, e.cpu);
    event.number(1, e.ts_ns).number(2, prev);
    if (e.kind == SchedEvent::Kind::kWaking) {
      inner.bytes(1, name_of(e.next_tid, e.cpu, e.next_comm)).number(2, next);
      return std::move(event.message(20, inner.number(5, e.target_cpu)));
    }
    inner.bytes(1, name_of(e.prev_tid, e.cpu, e.prev_comm)).number(2, prev).number(4, e.prev_state);
    inner.bytes(5, name_of(e.next_tid, e.cpu, e.next_comm)).number(6, next);
    return std::move(event.message(4, inner));
  }

  void add_packet(const ProtoWriter& packet) { out_ += ProtoWriter().message(1, packet).str(); }

  std::set<std::uint64_t> tracks_;
  std::map<std::uint64_t, std::vector<std::pair<std::uint64_t, std::uint64_t>>> lanes_;  // by socket: track, busy until
  std::uint64_t next_lane_ = 0, last_read_ = 0;
};

}  // namespace

std::unique_ptr<Exporter> make_perfetto(std::string& out) { return std::make_unique<Perfetto>(out); }

}  // namespace wp::report
