// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// When each watched task ran, what woke it, and the wait it last returned from.
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "bpf/wire/events.h"
#include "userspace/base/ring.hpp"
#include "userspace/model/model.hpp"

namespace wp::reconstruct {

/// A delivery anywhere: the CPU it happened on and its number there. 0: none.
using DeliveryId = std::uint64_t;
constexpr DeliveryId delivery_id(std::uint32_t cpu, std::uint64_t seq) {
  return seq ? (static_cast<std::uint64_t>(cpu) << 48U) | seq : 0;
}
/// A slot in a direct-mapped table of 2^15, such that CPUs do not share their first slots.
inline constexpr std::size_t kDeliverySlots = 1U << 15U;
constexpr std::size_t delivery_slot(DeliveryId id) { return (id ^ (id >> 48U) * 0x9e37U) % kDeliverySlots; }

struct TaskIdHash {
  std::size_t operator()(const model::TaskId& id) const {
    return static_cast<std::size_t>((id.start_ns ^ (static_cast<std::uint64_t>(id.tid) << 32U)) * 0x9e3779b97f4a7c15U);
  }
};

/// From leaving a CPU (0: not seen) to running again.
struct Gap {
  std::uint64_t off_ns = 0, waking_ns = 0, runnable_ns = 0, on_ns = 0;
  DeliveryId woken_by = 0;
  std::uint64_t woken_by_cookie = 0;  ///< the socket of that delivery, 0: no longer known
  std::uint32_t off_state = 0, off_cpu = 0, wake_cpu = 0, on_cpu = 0, waker_tid = 0, prev_tid = 0;
  std::uint16_t off_nr = 0;        ///< system call it went to sleep in, plus 1; 0: not known, or none
  std::uint16_t runnable_cpu = 0;  ///< CPU it began to wait for, plus 1; 0: not known
  bool all_switches_seen = false;  ///< while it waited for on_cpu, every switch there left a record
  model::Level wake_level = model::Level::kUnknown;
  wp_comm waker_comm{}, prev_comm{};
  bool on_unseen = false;   ///< on_ns is only when it was found running
  std::uint32_t calls = 0;  ///< it had returned from when it left, modulo 2^32: equal in two gaps of one call

  /// It left its CPU before we looked, and was woken since.
  [[nodiscard]] bool asleep_at_start() const { return !off_ns && waking_ns; }
  [[nodiscard]] bool slept() const { return off_state != 0 || asleep_at_start(); }
};

/// A call, and what is known of its entry. Where entries are not recorded, `enter_ns` is the latest it can have been:
/// when the thread went to sleep in the call, else when the call had its effect (the copy, or the return).
template <class Record>
struct Entered : Record {
  bool entry_seen = false;     ///< `enter_ns` is the entry itself; 0: it is older than the recording
  std::uint64_t after_ns = 0;  ///< not earlier than this: the entry, or the return of the thread's call before
};
using ReadCall = Entered<wp_read_call>;
using WaitCall = Entered<wp_wait_call>;

/// What a thread is at from one instant until the next mark.
struct Mark {
  enum class Work : std::uint8_t {
    kNothing,  ///< nothing seen: between a wait and the next read, or before the first
    kServing,  ///< it read from a connection and has not yet answered
    kReplied,  ///< it has answered, and has begun nothing else
    kWaiting,  ///< in a call that waits for descriptors
    kAccepting,
  };
  std::uint64_t at_ns = 0;
  std::uint64_t cookie = 0;  ///< with kServing and kReplied
  Work work = Work::kNothing;
};

/// Calls that returned at once with nothing gained and have no record of their own, since the last look.
struct LeftOut {
  std::uint32_t empty_waits = 0, ready_waits = 0, empty_reads = 0;
};

struct TaskState {
  model::Task task;
  Ring<Mark> marks;  ///< the latest, oldest first
  bool marks_dropped = false;
  LeftOut left_out;  ///< the kernel side's running numbers, modulo 2^32
  Ring<Gap> gaps;    ///< the latest, oldest first
  bool gaps_dropped = false;
  std::optional<WaitCall> last_wait;
  std::uint64_t call_ended_ns = 0;  ///< return of its latest recorded call

  /// The gap during which `ns` fell, or null: it was on a CPU then.
  [[nodiscard]] const Gap* off_cpu_at(std::uint64_t ns) const;
  /// Whether it went to sleep after `ns`.
  [[nodiscard]] bool slept_since(std::uint64_t ns) const;
  /// When it first went to sleep in system call `nr` after `ns`; 0: not seen.
  [[nodiscard]] std::uint64_t first_sleep(std::uint64_t ns, std::uint32_t nr) const;
  /// The CPU it was on at `ns`, where it was last seen on `cpu_now`; -1: not known.
  [[nodiscard]] std::int32_t cpu_at(std::uint64_t ns, std::uint32_t cpu_now) const;
  /// The gap that a delivery's own wake ended.
  [[nodiscard]] const Gap* woken_by(DeliveryId id, std::uint64_t not_before_ns) const;
  /// False where so much happened since that it is no longer known what the task did then.
  [[nodiscard]] bool remembers(std::uint64_t ns) const {
    return !gaps_dropped || (!gaps.empty() && gaps.front().on_ns <= ns);
  }
};

class TaskTracker {
 public:
  /// Every record, as it comes: the first of a CPU that is no part of the delivery before it there tells that this
  /// one's context is over.
  void see(const wp_header& h);
  /// Whether a delivery may still have been under way at `ns`, for all that its CPU has said.
  [[nodiscard]] bool may_be_open(DeliveryId id, std::uint64_t ns) const;
  void on(const wp_task& record);
  /// cookie: of the socket whose delivery woke it, 0: none or not known.
  const Gap& on(const wp_run& record, std::uint64_t cookie);
  void on(const wp_task_exit& record);
  /// is_sleep: it waited for time alone, in the middle of whatever it was at.
  void on(const WaitCall& record, bool is_sleep);
  /// Data was read from a socket: its request is what the thread works on, until something else is seen.
  void on(const wp_read_call& record);
  void on(const wp_send_call& record);
  /// The call with the bracket of its entry. To be asked once for every call, as it comes.
  ReadCall entered(const wp_read_call& record);
  WaitCall entered(const wp_wait_call& record);
  void on(const wp_accept_call& record);
  /// Calls were not watched, or are no longer: at what threads worked until now says nothing of what they are at.
  void forget_work();

  /// What was left out since the last record of this task that says (wp_run, wp_usage).
  template <typename Record>
  LeftOut left_out_since(const Record& r) {
    LeftOut& last = get({r.tid, r.start_ns}, r.pid).left_out;
    const LeftOut now{r.empty_waits, r.ready_waits, r.empty_reads};
    // A wait that was counted and then got its record after all lowers its number by one.
    const auto more = [](std::uint32_t to, std::uint32_t from) {
      return static_cast<std::int32_t>(to - from) > 0 ? to - from : 0U;
    };
    const LeftOut since{more(now.empty_waits, last.empty_waits), more(now.ready_waits, last.ready_waits),
                        more(now.empty_reads, last.empty_reads)};
    last = now;
    return since;
  }

  /// The task's state, made if it is new.
  TaskState& get(model::TaskId id, std::uint32_t pid);
  /// Who was woken in a delivery's context, if that is still known; nullptr: nobody.
  struct Woken {
    DeliveryId by = 0;
    model::TaskId task;
  };
  [[nodiscard]] const Woken* woken_by(DeliveryId id) const;
  /// Null where it is not (or no longer) known.
  [[nodiscard]] const TaskState* find(model::TaskId id) const;
  /// Everyone met so far, for the summary; bounded.
  [[nodiscard]] std::map<model::TaskId, model::Task> everyone() const { return everyone_; }

 private:
  static constexpr std::size_t kGapsKept = 256;
  static constexpr std::size_t kMarksKept = 2048;

  static void mark(TaskState& state, std::uint64_t at_ns, Mark::Work work, std::uint64_t cookie = 0);

  static constexpr std::size_t kTasksNamed = 65536;

  std::unordered_map<model::TaskId, TaskState, TaskIdHash> tasks_;
  std::map<model::TaskId, model::Task> everyone_;
  std::vector<Woken> wakes_ = std::vector<Woken>(kDeliverySlots);  // by delivery_slot: memory does not grow
  struct Over {
    DeliveryId id = 0;
    std::uint64_t by_ns = 0;
  };
  std::vector<Over> overs_ = std::vector<Over>(kDeliverySlots);  // likewise
  std::vector<DeliveryId> open_;                                 // by CPU; 0: none
  model::TaskId last_id_;
  TaskState* last_ = nullptr;
};

}  // namespace wp::reconstruct
