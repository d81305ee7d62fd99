// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What CPUs, threads and sockets did over time, for drawing: slices on lanes.
#include <cstdint>
#include <string_view>

#include "userspace/model/model.hpp"

namespace wp::model {

/// A lane belongs to a CPU, a thread or a socket; its slices do not overlap and come in the order of their begins.
enum class Lane : std::uint8_t {
  kCpuIrq,        ///< interrupt handlers, the local timer's among them
  kCpuSoftirq,    ///< softirqs
  kCpuNapi,       ///< NAPI polls
  kCpuTask,       ///< who ran; idle leaves a gap
  kThreadState,   ///< running, runnable, blocked
  kThreadCall,    ///< system calls
  kSocketUnread,  ///< bytes (datagrams) readable; nothing readable leaves a gap
};
inline constexpr std::size_t kLaneCount = 7;

enum class SliceKind : std::uint8_t {
  kIrq,          ///< a: line, b: task interrupted
  kTimer,        ///< b: task interrupted
  kSoftirq,      ///< a: vector, b: task it ran in or interrupted
  kNapi,         ///< a: packets taken, b: the most it might have taken
  kTaskWatched,  ///< a: tid, b: state it left in (0: preempted)
  kTaskOther,    ///< the same
  kTaskKernel,   ///< the same, a kernel thread
  kTaskSelf,     ///< the same, the recorder
  kRunning,      ///< a: CPU
  kRunnable,     ///< a: CPU it then got, b: task that ran there before
  kPreempted,    ///< the same
  kBlocked,      ///< a: state; named by the call it is in, empty: not known
  kWait,         ///< a: what the call returned, b: descriptor
  kRead,
  kSend,
  kAccept,
  kUnread,   ///< a: bytes (datagrams)
  kNotKnown  ///< what was there can't be told, and the name says why
};
inline constexpr std::size_t kSliceKindCount = 18;

struct TimelineSlice {
  Lane lane = Lane::kCpuTask;
  SliceKind kind = SliceKind::kNotKnown;
  bool begin_seen = true;  ///< false: it began at begin_ns or earlier
  bool end_seen = true;    ///< false: it ended at end_ns or later
  std::uint64_t key = 0;   ///< CPU or socket cookie; unused for threads
  TaskId task;             ///< lanes of threads
  std::uint64_t begin_ns = 0, end_ns = 0;
  std::string_view name;  ///< raw bytes; valid during the call only
  std::int64_t a = 0, b = 0;
};

}  // namespace wp::model
