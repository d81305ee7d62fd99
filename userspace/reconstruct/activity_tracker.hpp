// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Adds up what watched tasks do besides reading requests. Sees every event once, in order, beside the other trackers.
#include <array>
#include <deque>
#include <map>
#include <unordered_map>

#include "bpf/wire/events.h"
#include "userspace/model/activity.hpp"
#include "userspace/reconstruct/holder_tracker.hpp"
#include "userspace/reconstruct/names.hpp"
#include "userspace/reconstruct/task_tracker.hpp"

namespace wp::reconstruct {

class ActivityTracker {
 public:
  explicit ActivityTracker(const NameTable& names) : names_(names) {}

  void on(const wp_run& r);
  void on(const wp_usage& r);
  void on(const wp_wait_call& r);
  void on(const wp_read_call& r);
  void on(const wp_send_call& r);
  void on(const wp_accept_call& r);
  void on(const wp_delivery& r);
  void on(const wp_task& r);
  void on(const wp_task_exit& r);
  void on(const wp_reap_call& r);
  void on(const wp_signal_sent& r);
  void on(const wp_signal_taken& r);
  void on(const wp_close_call& r) { holders_.on(r); }
  void on(const wp_sock_state& r) { holders_.on(r); }

  /// Once, after the last event.
  model::Activity finish();

 private:
  struct Task {
    std::uint32_t pid = 0, ppid = 0;
    bool is_born_here = false;  ///< forked within the recording: its books begin with 0
    bool has_books = false;
    std::uint64_t first_run_ns = 0, last_run_ns = 0;  ///< by the scheduler's books; 0: none seen
    std::uint64_t ran_ns = 0;                         ///< from switch to switch
    std::uint32_t first_calls = 0, last_calls = 0;
    std::uint64_t on_ns = 0;       ///< since when it runs, 0: not known
    bool waits_for_cause = false;  ///< wake_ns and the rest are of a wake not yet put down
    bool for_connection = false;   ///< woken by a listener's delivery, and nothing accepted since
    std::uint64_t wake_ns = 0;
    std::uint32_t wake_cpu = 0, waker_tid = 0;
    model::Name cause;  ///< unless a signal turns out to be it
  };
  struct Sent {
    std::uint64_t at_ns;
    std::uint32_t cpu, sender_tid;
    std::uint16_t sig;
  };

  model::Process* process(std::uint32_t pid);
  void put_down(Task& task);
  void note_calls(Task& task, std::uint32_t calls);
  void close_books(const Task& task);
  [[nodiscard]] const Sent* signal_behind(const Task& task) const;
  [[nodiscard]] model::Name cause_of(const wp_run& r) const;
  Task& task_of(model::TaskId id);

  const NameTable& names_;
  model::Activity activity_;
  HolderTracker holders_;
  // The entry of a map by name that was counted in last: as a rule the next is of the same name.
  template <typename Count>
  struct Latest {
    model::Name name;
    Count* count = nullptr;
    Count& in(std::map<std::string, Count>& counts, model::Name of) {
      if (!count || name != of) *this = {of, &counts[of]};
      return *count;
    }
  };
  Latest<model::WaitUse> latest_wait_;
  Latest<model::SendUse> latest_send_;
  Latest<std::uint64_t> latest_cause_;
  std::array<std::uint64_t, 32> recv_flags_{}, send_flags_{};  // by bit

  std::unordered_map<model::TaskId, Task, TaskIdHash> tasks_;
  model::TaskId last_id_;
  Task* last_ = nullptr;
  std::unordered_map<std::uint32_t, std::size_t> processes_;  ///< by pid, into activity_.processes: the latest of it
  std::unordered_map<std::uint32_t, std::deque<Sent>> signals_;
  std::unordered_map<DeliveryId, bool> listener_deliveries_;
  std::deque<DeliveryId> listener_order_;
};

/// "SIGCHLD", or "signal 42" for a real-time one.
std::string signal_name(std::uint32_t number);

}  // namespace wp::reconstruct
