// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/model/model.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace wp::model {
namespace {

struct CauseRow {
  Cause cause;
  const char* name;
  const char* text;
};

constexpr std::array kCauses = {
    CauseRow{Cause::kInterrupt, "interrupt", "between the interrupt and its softirq"},
    CauseRow{Cause::kKsoftirqd, "ksoftirqd", "the packet waited for ksoftirqd"},
    CauseRow{Cause::kSoftirq, "softirq", "receive softirq and driver"},
    CauseRow{Cause::kProtocol, "protocol", "network protocols"},
    CauseRow{Cause::kSocketLock, "socket_lock", "the socket was locked by its owner"},
    CauseRow{Cause::kAcceptQueue, "accept_queue", "the connection was not yet accepted"},
    CauseRow{Cause::kWake, "wake", "waking the reader"},
    CauseRow{Cause::kIdleWake, "idle_wake", "an idle CPU had to wake up"},
    CauseRow{Cause::kMigration, "migration", "it waited for one CPU and ran on another"},
    CauseRow{Cause::kRunQueue, "run_queue", "the CPU ran another task"},
    CauseRow{Cause::kStopped, "stopped", "the reader was stopped"},
    CauseRow{Cause::kBusy, "busy", "the server was busy with another request"},
    CauseRow{Cause::kOwnWork, "own_work", "the server was busy with no request seen"},
    CauseRow{Cause::kBlocked, "blocked", "the reader slept for something else"},
    CauseRow{Cause::kHandover, "handover", "another task handed the work over"},
    CauseRow{Cause::kLoopOrder, "loop_order", "other ready descriptors were served first"},
    CauseRow{Cause::kDispatch, "dispatch", "from the wait to the read, in the server"},
    CauseRow{Cause::kInterrupted, "interrupted", "interrupts and softirqs ran over the reader"},
    CauseRow{Cause::kSyscall, "syscall", "entering and leaving system calls"},
    CauseRow{Cause::kCopy, "copy", "reading and copying the data"},
    CauseRow{Cause::kUnknown, "unknown", "unknown"},
};
static_assert(kCauses.size() == kCauseCount);

constexpr bool causes_are_in_order() {
  for (std::size_t i = 0; i < kCauses.size(); ++i) {
    if (static_cast<std::size_t>(kCauses[i].cause) != i) return false;
  }
  return true;
}
static_assert(causes_are_in_order());

}  // namespace

const char* cause_name(Cause cause) { return kCauses[static_cast<std::size_t>(cause)].name; }
const char* cause_text(Cause cause) { return kCauses[static_cast<std::size_t>(cause)].text; }

std::optional<Cause> cause_from_name(const std::string& name) {
  const auto found =
      std::find_if(kCauses.begin(), kCauses.end(), [&](const CauseRow& row) { return name == row.name; });
  if (found == kCauses.end()) return std::nullopt;
  return found->cause;
}

const char* doing_name(Doing doing) {
  switch (doing) {
    case Doing::kUnknown: return "unknown";
    case Doing::kRunning: return "running";
    case Doing::kAsleep: return "asleep";
    case Doing::kUninterruptible: return "uninterruptible";
    case Doing::kStopped: return "stopped";
  }
  return "unknown";
}

std::uint64_t blame_ns(const Blame& blame, Cause cause) {
  std::uint64_t ns = 0;
  for (const BlameShare& share : blame) ns += share.cause == cause ? share.ns : 0;
  return ns;
}

}  // namespace wp::model
