// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Events in time order become request paths. One routing line per kind; what a kind means is its tracker's.
#include <deque>
#include <functional>
#include <map>
#include <vector>

#include "userspace/event/event_sink.hpp"
#include "userspace/model/model.hpp"
#include "userspace/reconstruct/activity_tracker.hpp"
#include "userspace/reconstruct/blame_ledger.hpp"
#include "userspace/reconstruct/books.hpp"
#include "userspace/reconstruct/cpu_tracker.hpp"
#include "userspace/reconstruct/detail_tracker.hpp"
#include "userspace/reconstruct/names.hpp"
#include "userspace/reconstruct/path_pool.hpp"
#include "userspace/reconstruct/socket_tracker.hpp"
#include "userspace/reconstruct/task_tracker.hpp"

namespace wp::reconstruct {

using PathSink = std::function<void(const model::Path&)>;

class Reconstructor : public event::EventSink {
 public:
  explicit Reconstructor(PathSink sink) : sink_(std::move(sink)) {}

  void on(const event::Event& event) override;
  void end() override;

  /// Complete after end().
  [[nodiscard]] const model::Summary& summary() const { return summary_; }
  /// What the counters in the recording say of each hook, summed over CPUs, by WP_HOOK_*.
  [[nodiscard]] std::map<std::uint32_t, model::HookUse> hook_counts() const { return books_.hook_counts(); }

  void route(const event::Loss& loss);
  void route(const wp_delivery& r);
  void route(const wp_witness& r) { sockets_.on(r); }
  void route(const wp_run& r);
  void route(const wp_wait_call& r);
  void route(const wp_read_call& record);
  void route(const wp_send_call& r);
  void route(const wp_accept_call& r);
  void route(const wp_socket& r);
  void route(const wp_sock_state& r);
  void route(const wp_task& r) { tasks_.on(r); }
  void route(const wp_task_exit& r) { tasks_.on(r); }
  void route(const wp_reap_call&) {}  // these four are the activity tracker's alone
  void route(const wp_signal_sent&) {}
  void route(const wp_signal_taken&) {}
  void route(const wp_close_call&) {}
  void route(const wp_drop& r);
  void route(const wp_name& r) { names_.on(r); }
  void route(const wp_cpu_switch& r) { cpus_.on(r); }
  void route(const wp_cpu_slice& r) { cpus_.on(r); }
  void route(const wp_usage& r);
  void route(const wp_watermark&);
  void route(const wp_counters& r) { books_.on(r); }
  void route(const wp_detail& r);
  void route(const wp_clock&) {}  // the recording's header has the same
  void route(const wp_ring& r);
  void route(const wp_task_switch&) {}  // the timeline's

 private:
  void note_time(const wp_header& h);
  void count_witness(model::Name func);
  template <typename Record>
  void add_left_out(const Record& r);
  void read_socket(SocketState& socket, const ReadCall& r);
  void join_early_reads(SocketState& socket);
  void add_early(SocketState& socket, const EarlyRead& early);
  void blame(model::Path& path, const TaskState& reader, const TaskState* acceptor, std::uint64_t accepted_ns);
  void add_parts(SocketState& socket, const ReadCall& r);
  void hold(SocketState& socket, PathPtr path);
  void release(SocketState& socket, const std::function<void(model::Path&)>& finish);
  void settle_replies(SocketState& socket, model::Reason none);
  void give_up(SocketState& socket, model::Reason no_reply);
  void forget_surplus();
  void emit(PathPtr path);
  void pass_on_older();
  void mark_loss(model::Path& path, std::uint64_t upto_ns) const;
  void mark_missed(model::Path& path) const;
  void mark_change(model::Path& path, std::uint64_t upto_ns) const;
  void check_books();

  // A hole in the numbers of a CPU shows when that CPU makes its next record, and firings that the kernel left out show
  // in the books: a path waits for that, from one writing of the books (without them: watermark) to the one after
  // the next.
  struct Finished {
    PathPtr path;
    std::uint64_t at_ns;
  };

  PathSink sink_;
  NameTable names_;
  ActivityTracker activity_{names_};
  TaskTracker tasks_;
  CpuTracker cpus_;
  DetailTracker details_;
  SocketTracker sockets_;
  model::Summary summary_;
  std::deque<event::Loss> gaps_;
  std::vector<Finished> finished_;  // since the last watermark
  std::vector<Finished> older_;     // before it
  Ledger ledger_;
  PathPool paths_;
  std::vector<Taken> parts_;  // of the read at hand
  struct WitnessCount {
    model::Name func;
    std::uint64_t* count = nullptr;  // in summary_.deliveries_by_mechanism
  } latest_witness_;
  std::uint64_t sockets_given_up_ = 0;
  Books books_;
  std::uint64_t last_id_ = 0;
  std::uint64_t switches_unseen_ = 0;
};

}  // namespace wp::reconstruct
