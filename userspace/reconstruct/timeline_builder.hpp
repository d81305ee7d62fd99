// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Events in time order become slices on lanes. It knows no paths: it says what CPUs, threads and sockets did, so
// that a path can be drawn on top. Memory grows with the threads and sockets alive, not with the recording.
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "userspace/event/event_sink.hpp"
#include "userspace/model/timeline.hpp"
#include "userspace/reconstruct/names.hpp"
#include "userspace/reconstruct/task_tracker.hpp"

namespace wp::reconstruct {

class TimelineBuilder : public event::EventSink {
 public:
  using SliceSink = std::function<void(const model::TimelineSlice&)>;

  /// detailed: recorded with --detail timeline. Without it the lanes of CPUs hold only what paths tell: watched
  /// tasks, and softirqs from their entry to the last delivery made in them.
  TimelineBuilder(bool detailed, SliceSink sink) : detailed_(detailed), sink_(std::move(sink)) {}

  void on(const event::Event& event) override;
  void end() override;

 private:
  void route(const wp_cpu_slice& r);
  void route(const wp_task_switch& r);
  void route(const wp_delivery& r);
  void route(const wp_run& r);
  void route(const wp_task& r);
  void route(const wp_task_exit& r);
  void route(const wp_wait_call& r);
  void route(const wp_read_call& r);
  void route(const wp_send_call& r);
  void route(const wp_accept_call& r);
  void route(const wp_sock_state& r);
  void route(const wp_name& r) { names_.on(r); }
  void route(const event::Loss& loss);
  template <typename Other>
  void route(const Other&) {}

  // A state of a thread that waits for the call it was in to be told.
  struct Pending {
    model::TimelineSlice slice;
    std::string name;
  };
  struct Thread {
    std::uint32_t pid = 0;
    std::string comm;
    std::uint64_t on_ns = 0;  ///< runs since; 0: it does not run, or it is not known
    std::uint32_t cpu = 0;
    bool on_seen = true;
    std::vector<Pending> pending;
  };
  struct Cpu {
    bool known = false;  ///< who runs now is
    std::uint32_t tid = 0;
    std::uint64_t since_ns = 0;
    model::SliceKind kind = model::SliceKind::kTaskOther;
    std::string name;
    std::uint32_t ran_tid = 0;  ///< of the latest run record, whose time is the better one
    std::uint64_t ran_ns = 0;
    std::uint64_t softirq_ns = 0, delivered_ns = 0;  ///< not detailed: the softirq of the latest delivery
    bool by_irq = false;
  };
  struct Socket {
    std::uint64_t since_ns = 0;
    std::uint32_t unread = 0;
  };

  void put(model::TimelineSlice& slice, std::string_view name);
  void leave_cpu(const model::TaskId& id, Thread& thread, std::uint64_t off_ns, std::uint32_t state, bool seen);
  void off_cpu(const model::TaskId& id, Thread& thread, const wp_run& r);
  void call(const model::TaskId& id, model::SliceKind kind, std::uint64_t enter_ns, std::uint64_t exit_ns,
            std::uint16_t nr, std::int64_t ret, std::int32_t fd);
  void flush(Thread& thread, std::uint64_t enter_ns, std::string_view call_name);
  void end_switch_slice(std::uint32_t cpu, Cpu& state, std::uint64_t at_ns, std::uint32_t left_in, bool seen);
  void end_softirq(std::uint32_t number, Cpu& cpu);
  void unread(std::uint64_t cookie, std::uint64_t at_ns, std::uint32_t unread);
  Cpu& cpu(std::uint32_t number) { return cpus_[number]; }

  bool detailed_;
  SliceSink sink_;
  NameTable names_;
  std::map<std::uint32_t, Cpu> cpus_;
  std::unordered_map<model::TaskId, Thread, TaskIdHash> threads_;
  std::unordered_map<std::uint64_t, Socket> sockets_;
  std::uint64_t first_ns_ = 0, last_ns_ = 0;
};

}  // namespace wp::reconstruct
