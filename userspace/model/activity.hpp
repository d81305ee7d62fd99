// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What the watched tasks did besides reading requests: processes that come and go, signals, flags of receives and
// sends, who woke whom, who held a socket, and the time they ran. Plain data.
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace wp::model {

/// One process of a watched tree. A time of 0: not within the recording.
struct Process {
  std::uint32_t pid = 0, ppid = 0;
  std::string comm;                 ///< raw kernel bytes: escape before printing
  std::uint64_t forked_ns = 0;      ///< 0: older than the recording
  std::uint64_t ended_ns = 0;       ///< sched_process_exit
  std::uint64_t reaped_ns = 0;      ///< its parent's wait returned it
  std::int32_t code = 0;            ///< as wait(2) has it; only with ended_ns
  std::string reaped_by;            ///< "wait4", "waitid"
  bool reaper_slept = false;        ///< the parent slept in that call
  bool reaper_asked_only = false;   ///< the call had WNOHANG
  bool parent_took_signal = false;  ///< the parent took a SIGCHLD between the two
  bool freed_at_once = false;       ///< ended, and its parent ignores SIGCHLD: no zombie (do_notify_parent)

  /// Ended, and nobody had asked for its status when the recording ended.
  [[nodiscard]] bool is_left() const { return ended_ns != 0 && reaped_ns == 0 && !freed_at_once; }
};

struct SignalUse {
  std::uint64_t sent = 0;    ///< to a watched task
  std::uint64_t taken = 0;   ///< by one, whatever its action
  std::uint64_t merged = 0;  ///< found the same signal pending, and left nothing of its own
  std::uint64_t woke = 0;    ///< a sleeping task was woken in the same context, just before
};

struct WaitUse {
  std::uint64_t calls = 0, slept = 0, empty = 0;
  std::uint64_t watched = 0;  ///< sum of descriptors passed (poll, select)
};

/// What sends of one call did.
struct SendUse {
  std::uint64_t calls = 0, bytes = 0, segments = 0;
  std::uint64_t parts = 0;            ///< buffers of writev, messages of sendmmsg
  std::uint64_t without_segment = 0;  ///< calls that put nothing on a device: the data left later, or needs none
};

/// Sockets that were open in more than one process at a time, and when their end was told to the peer.
struct SharedSockets {
  std::uint64_t sockets = 0;
  std::uint64_t most_holders = 0;          ///< processes with a descriptor of the same socket
  std::uint64_t closes_without_fin = 0;    ///< a process let go of it, others still held it: nothing was sent
  std::uint64_t fins_with_the_last = 0;    ///< the FIN went out when the last holder let go
  std::uint64_t fins_before_the_last = 0;  ///< while another process still held it: shutdown(), or the peer's end
};

struct Activity {
  std::uint64_t cpu_ns = 0;              ///< time on a CPU, interrupts of that time included
  std::uint64_t syscalls = 0;            ///< returned from, of any sort; the last ones before a task ends are missing
  std::uint64_t runs = 0;                ///< stretches on a CPU
  std::uint64_t runs_unmeasured = 0;     ///< stretches whose begin or end was not seen: not in cpu_ns
  std::map<std::string, WaitUse> waits;  ///< by system call
  std::map<std::string, SendUse> sends;  ///< by system call; "io_uring"
  std::map<std::string, std::uint64_t> recv_flags;  ///< "MSG_PEEK", ...: successful receives
  std::map<std::string, std::uint64_t> send_flags;
  std::map<std::string, std::uint64_t> wake_causes;  ///< of wakes from sleep: "delivery", "signal SIGCHLD", ...
  std::map<std::string, SignalUse> signals;          ///< by name
  std::uint64_t connections_announced = 0;           ///< deliveries to a listener
  std::uint64_t woken_for_connection = 0;            ///< tasks woken by them
  std::uint64_t woken_for_nothing = 0;               ///< of these, found none to accept: another had it
  std::uint64_t processes_forked = 0, processes_left = 0, zombie_ns = 0;  ///< zombie_ns: sum over those reaped
  std::uint64_t reap_calls = 0, reap_calls_empty = 0;                     ///< empty: WNOHANG and nobody had ended
  std::vector<Process> processes;  ///< those that were forked or ended; the first 4096
  SharedSockets shared;
};

}  // namespace wp::model
