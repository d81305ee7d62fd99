// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What a recording holds about how its threads spend their time: counts and sums, no judgement.
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "userspace/model/model.hpp"

namespace wp::model {

/// Time of one thread, split without gaps: it ran, it waited for a CPU, or it slept. ns.
struct Spent {
  std::uint64_t run_ns = 0, queue_ns = 0, sleep_ns = 0;

  [[nodiscard]] std::uint64_t all_ns() const { return run_ns + queue_ns + sleep_ns; }
  /// Of the time it could have run: what it waited for a CPU is not its choice. 0 to 1; 0 of nothing.
  [[nodiscard]] double share_of_available() const {
    const std::uint64_t available = run_ns + sleep_ns;
    return available ? static_cast<double>(run_ns) / static_cast<double>(available) : 0;
  }
};

/// What ended the sleeps of a thread, by the kernel's sched_waking and the context it fired in.
struct WakeCauses {
  std::uint64_t socket = 0;  ///< inside a delivery to a watched socket
  std::uint64_t timer = 0;   ///< in a timer's (or other hardware) interrupt
  std::uint64_t task = 0;    ///< by another task: futex, pipe, eventfd, signal, io_uring's poller
  std::uint64_t other = 0;   ///< softirq without a delivery, or not told

  [[nodiscard]] std::uint64_t all() const { return socket + timer + task + other; }
};

/// The middle of a set of samples; samples are kept up to a bound, `count` counts all.
struct Samples {
  std::uint64_t count = 0;
  std::vector<std::uint64_t> kept;
  static constexpr std::size_t kKept = 16384;

  void add(std::uint64_t value) {
    ++count;
    if (kept.size() < kKept) kept.push_back(value);
  }
};

/// One request, by its number in the recording; 0: none.
struct Exhibit {
  std::uint64_t path_id = 0;
  std::uint64_t ts_ns = 0;
  std::uint64_t total_ns = 0;
};

struct ThreadEvidence {
  Task task;
  std::uint64_t from_ns = 0, to_ns = 0;  ///< watched and alive
  Spent spent;                           ///< all of it
  Spent idle;                            ///< in stretches without arrivals for its process
  std::uint64_t booked_run_ns = 0;       ///< the scheduler's own sum over the same time, 0: not read twice

  WakeCauses wakes;
  std::map<std::string, std::uint64_t> sleeps_in;  ///< by system call
  std::string last_call;                           ///< system call it was in when last looked at, empty: none

  // Calls. "Barren": returned at once and nothing was read, accepted or slept since the call before.
  std::uint64_t calls = 0, yields = 0;
  std::uint64_t waits = 0, slept_waits = 0, empty_waits = 0, ready_waits = 0;  ///< the last two: without a sleep
  std::uint64_t empty_reads = 0;                                               ///< receives and accepts
  std::uint64_t barren = 0;
  std::map<std::string, std::uint64_t> waits_by_call;
  std::map<std::string, std::uint64_t> timeouts_by_call;  ///< waits that slept and ended with nothing
  std::uint64_t waits_zero_timeout = 0;
  std::uint64_t reads = 0, accepts = 0, sends = 0;  ///< that moved something

  // Turns: from a wake to the next sleep.
  std::uint64_t turns = 0;
  std::uint64_t ticks = 0;            ///< begun by a timer or a wait's timeout
  std::uint64_t ticks_barren = 0;     ///< of these: nothing read or accepted
  std::uint64_t ticks_probing = 0;    ///< of the barren ones: a receive, accept or wait found nothing meanwhile
  std::uint64_t ticks_timed_out = 0;  ///< of the barren ones: a wait on descriptors ended with its timeout
  Samples tick_period_ns;             ///< from tick to tick
  std::uint64_t socket_turns = 0, socket_turns_empty = 0;  ///< begun by a delivery; of these: found nothing
  std::uint64_t turns_spinning = 0;  ///< with progress, and 8 or more barren calls before the sleep
  Samples spin_ns;                   ///< of turns with progress: from the last of it to the sleep, run time only

  // Arrivals: pieces of data this thread read, or was woken for that another read, and connections it waited for.
  std::uint64_t arrivals = 0;
  std::uint64_t arrivals_asleep = 0;           ///< found it asleep
  std::uint64_t arrivals_woke = 0;             ///< and woke it, in their own context
  std::uint64_t arrivals_unknown = 0;          ///< its state at that moment is not known
  std::uint64_t arrivals_unwatched = 0;        ///< found it asleep, with no entry of its on the wait queue
  std::map<Mechanism, std::uint64_t> woke_by;  ///< how it waited when an arrival woke it
  Exhibit typical, worst, contrary;            ///< contrary: found it asleep and did not wake it

  // Sockets it served: accepted ones, or datagram sockets with a fixed port.
  std::uint64_t sockets = 0, sockets_at_once = 0;
  std::uint64_t sockets_older = 0;  ///< of these: connected before the thread was born
  std::uint64_t left_unread = 0;    ///< deliveries to these that nobody had read at the end, 1 s and more before it

  [[nodiscard]] std::uint64_t watched_ns() const { return to_ns - from_ns; }
};

struct Evidence {
  std::uint64_t from_ns = 0, to_ns = 0;
  std::uint64_t events_lost = 0;
  std::uint64_t waking_deliveries = 0;  ///< that woke anybody
  std::uint64_t herds = 0;              ///< of these: woke several tasks
  std::map<TaskId, ThreadEvidence> threads;
  std::map<std::uint32_t, std::uint64_t> idle_ns;  ///< by process: stretches of 10 ms and more without arrivals
};

}  // namespace wp::model
