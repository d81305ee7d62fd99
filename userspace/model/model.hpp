// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What the reconstruction says and every report reads: plain data, no behaviour beyond lookups.
// A report that needs a raw event is missing a field here.
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "userspace/model/activity.hpp"
#include "userspace/model/name.hpp"

namespace wp::model {

/// The named instants of a request path, in the order they have on a network card's path.
/// On loopback and veth kDriver (the sender's side of the device) comes before kRaise.
enum class Stage : std::uint8_t {
  kHw,
  kIrq,
  kRaise,
  kSoftirq,
  kDriver,
  kStack,
  kProtocol,
  kQueued,
  kWaking,
  kRunnable,
  kRunning,
  kReturned,
  kRead,
  kCopied,
  kDone,
  kReply,
  kXmit,
};
inline constexpr std::size_t kStageCount = 17;
/// Lower-case names, as in JSON: "hw", "irq", "raise", ...
const char* stage_name(Stage stage);
std::optional<Stage> stage_from_name(const std::string& name);

enum class Seen : std::uint8_t {
  kObserved,
  kInferred,       ///< ts_ns holds, `why` names the rule
  kNotNeeded,      ///< this request did not need the stage, `why` says why
  kNotApplicable,  ///< this transport has no such stage, `why` says why
  kUnknown,        ///< `why` says why it could not be seen
};

const char* seen_name(Seen seen);  ///< "observed", "not_needed", ...

/// Rules and reasons. The sentence of each is reason_text().
enum class Reason : std::uint8_t {
  kNone,
  // not applicable
  kNoHardwareTimestamp,
  kLoopbackNoInterrupt,
  kVirtualDeviceNoInterrupt,
  kUnixNoNetwork,
  kPipeNoSocket,
  kNoProtocolHook,
  kReaderAlsoDelivers,
  // not needed
  kRunning,
  kAlreadyRunnable,
  kFoundReady,
  kWokenByOtherSocket,
  kHandedOver,
  kBusyElsewhere,
  kBlockedInRead,
  kReadWithoutWait,
  kNotAsleep,
  kNoReply,
  kInterruptMasked,
  kWokenBeforeSleep,
  // inferred
  kPollAlreadyRunning,
  kWakeWithoutWitness,
  kDatagramOrder,
  kWakerContext,
  kOverlappingReads,
  // unknown
  kHookMissing,
  kLost,
  kBeforeRecording,
  kPacketSlotReused,
  kFromBacklog,
  kHistoryTooShort,
  kNotInSendCall,
  kStillOpen,
  kPartOfMerged,
  kNoPacketKnown,
  kSocketNotYetKnown,
  kContextUnreadable,
  // not needed, appended
  kReadBeforeReady,
  kRaisedByHandover,
  // inferred and unknown, appended
  kLastInterrupt,
  kHookNotYetAttached,
  kSwitchNotSeen,
  kNotAnnounced,
  // not needed, inferred and unknown, appended
  kWokenByEarlierData,
  kReplyOrder,
  kWitnessContradicts,
  // of blame, appended
  kLastRead,
  kRanLast,
  kStagesContradict,
  // not applicable, appended
  kNotAtThisDetail,
  // not needed, appended
  kByRing,
  // of polls outside of a softirq, appended
  kNapiThread,
  kBusyPolled,
  kWrittenByTask,
  kWakeOfThreadNotSeen,
  // inferred and unknown, appended
  kDoneWhenCopied,
  kDetailChanged,
  kWakeNotSeen,
  kClockOfSend,
};
inline constexpr std::size_t kReasonCount = static_cast<std::size_t>(Reason::kClockOfSend) + 1;
const char* reason_name(Reason reason);  ///< snake_case, stable, for JSON
const char* reason_text(Reason reason);  ///< a short phrase for people

struct StagePoint {
  Seen seen = Seen::kUnknown;
  Reason why = Reason::kNone;
  std::uint64_t ts_ns = 0;  ///< CLOCK_MONOTONIC; only with kObserved and kInferred
  std::int32_t cpu = -1;    ///< -1: not known

  [[nodiscard]] bool has_time() const { return seen == Seen::kObserved || seen == Seen::kInferred; }
};

struct TaskId {
  std::uint32_t tid = 0;
  std::uint64_t start_ns = 0;
  auto operator<=>(const TaskId&) const = default;
};

struct Task {
  TaskId id;
  std::uint32_t pid = 0;
  std::uint32_t ppid = 0;
  Name comm;  ///< raw kernel bytes: escape before printing
};

struct Socket {
  std::uint64_t cookie = 0;
  std::uint16_t family = 0;  ///< AF_*
  std::uint16_t protocol = 0;
  std::uint8_t type = 0;  ///< SOCK_*
  std::array<std::uint8_t, 16> local{}, peer{};
  std::uint16_t local_port = 0, peer_port = 0;
  std::uint32_t netns = 0;
  std::uint64_t listener = 0;  ///< cookie of the listener, 0: none or unknown
  bool known = false;          ///< its socket record was seen
};

enum class Mechanism : std::uint8_t {
  kNone,
  kEpoll,
  kPoll,
  kBlocking,
  kAccept,
  kIoUring,
  kOther,
  kUnknown,
  kSelect
};
const char* mechanism_name(Mechanism mechanism);  ///< "epoll", "select", ...

enum class Level : std::uint8_t {
  kTask,
  kSoftirq,
  kHardirq,
  kUnknown
};
const char* level_name(Level level);

/// One entry of the wait queue as the kernel had it at the moment of the delivery.
struct WitnessEntry {
  Name func;  ///< symbol, or 0x… where the symbol is not known
  Mechanism mechanism = Mechanism::kNone;
  std::int32_t fd = -1;  ///< where epoll knows it
  TaskId task;           ///< the task it leads to; tid 0: none or unknown
  bool exclusive = false;
  bool waiting = false;  ///< a task slept behind it at that moment
};

struct Wake {
  Mechanism mechanism = Mechanism::kNone;  ///< by the witness; kNone where nobody was on the queue
  bool needed = false;                     ///< the reader was asleep and was woken for this delivery
  Seen certainty = Seen::kUnknown;
  Reason why = Reason::kNone;     ///< why it was not needed, or which rule inferred it
  TaskId woken;                   ///< the task woken; another than the reader where work was handed over
  Level level = Level::kUnknown;  ///< context of the wake
  std::uint32_t waker_tid = 0;    ///< with Level::kTask
  Name waker_comm;
  std::uint32_t prev_tid = 0;  ///< who ran on the CPU before the reader got it, 0: idle
  Name prev_comm;
};

/// How the packet came in.
struct Arrival {
  std::uint32_t irq = 0;
  Name irq_name;     ///< action name; empty: unknown
  Name irq_over;     ///< "idle", "user", "kernel", or empty
  Name softirq_how;  ///< one of WP_SOFTIRQ_HOWS: "irq_exit", "ksoftirqd", "napi_thread" ..., or empty
  Name driver_hook;  ///< "gro_receive", "netif_rx", ...
  std::uint32_t ifindex = 0;
  Name device;       ///< interface name
  Name device_kind;  ///< "loopback", "veth", a driver's name, or empty
  std::uint32_t napi_id = 0;
  std::uint32_t queue = 0;   ///< receive queue plus 1, 0: not recorded by the driver
  std::uint32_t frames = 1;  ///< behind a merged packet
  std::uint32_t packet_index = 0;
  std::uint32_t packet_bytes = 0;
  std::uint32_t unread = 0;  ///< bytes (datagrams) readable after the delivery
  Level level = Level::kUnknown;
  std::uint32_t sender_tid = 0;  ///< where the level is task
  bool backlog = false;
  bool forwarded = false;  ///< a bridge, veth or the like passed it on after the driver
  bool deferred = false;   ///< ksoftirqd took packets in on that CPU while this one waited there
};

/// How much is recorded, from most to least.
enum class Detail : std::uint8_t {
  kTimeline,
  kPath,
  kLight,  ///< no system calls: paths end where their data was copied
};
const char* detail_name(Detail detail);  ///< "timeline", "path", "light"
std::optional<Detail> detail_from_name(const std::string& name);

/// The level of detail from `at_ns` on.
struct DetailChange {
  std::uint64_t begin_ns = 0, at_ns = 0;  ///< CLOCK_MONOTONIC; between them it changed; equal: it was so from the start
  Detail from = Detail::kPath, to = Detail::kPath;
  std::uint32_t sample = 1;                    ///< requests of which one is recorded
  std::string why;                             ///< "asked", "over" or "under" (the budget)
  std::uint32_t used_ppm = 0, budget_ppm = 0;  ///< millionths of all CPUs' time; 0: not measured, no limit
};

/// One word for each way a request's time can go. In the order reports list them.
enum class Cause : std::uint8_t {
  kInterrupt,    ///< from the interrupt's entry to the receive softirq
  kKsoftirqd,    ///< the packet waited until ksoftirqd had a CPU and came to it
  kSoftirq,      ///< the receive softirq, the driver, and the packets it took before this one
  kProtocol,     ///< IP and TCP, until the data was readable
  kSocketLock,   ///< in the socket's backlog, while its owner held it locked
  kAcceptQueue,  ///< the connection had not been accepted yet
  kWake,         ///< from readable to runnable: the kernel wakes the reader
  kIdleWake,     ///< the CPU chosen was idle and had to wake up
  kMigration,    ///< it waited for one CPU and then ran on another
  kRunQueue,     ///< it waited for a CPU that ran somebody else
  kStopped,      ///< stopped by a signal or a debugger
  kBusy,         ///< the reader was at work on another request, or asleep in the middle of it
  kOwnWork,      ///< the reader was at work that belongs to no request seen
  kBlocked,      ///< the reader slept for something that is neither this data nor another request
  kHandover,     ///< another task was woken, which handed the work over
  kLoopOrder,    ///< the reader knew of the data and served other ready descriptors first
  kDispatch,     ///< the reader's own way from its wait to its read
  kInterrupted,  ///< interrupts and softirqs ran over the reader
  kSyscall,      ///< in the wait call, once running; and the return of the read
  kCopy,         ///< from the read's entry until the data was copied
  kUnknown,      ///< `why` says why
};
inline constexpr std::size_t kCauseCount = static_cast<std::size_t>(Cause::kUnknown) + 1;
const char* cause_name(Cause cause);  ///< snake_case, stable, for JSON: "run_queue"
const char* cause_text(Cause cause);  ///< a short phrase for people
std::optional<Cause> cause_from_name(const std::string& name);

/// What the culprit did.
enum class Doing : std::uint8_t {
  kUnknown,
  kRunning,          ///< on a CPU
  kAsleep,           ///< interruptible, in `call`
  kUninterruptible,  ///< state D, in `call`: as a rule a disk or a lock of the kernel
  kStopped,
};
const char* doing_name(Doing doing);  ///< "running", "asleep", ...

/// Who, or what, took the largest part of a share.
struct Culprit {
  std::uint64_t ns = 0;                  ///< its part of the share
  std::uint64_t from_ns = 0, to_ns = 0;  ///< CLOCK_MONOTONIC: where that part lies; parts between may be others'
  TaskId task;                           ///< tid 0: the idle task, or none known (then comm is empty)
  Name comm;                             ///< raw kernel bytes: escape before printing
  Socket socket;                         ///< with kBusy, kLoopOrder: the connection served; cookie 0: none
  Doing doing = Doing::kUnknown;
  Name call;                    ///< system call it slept in, empty: not known, or none
  std::uint32_t waker_tid = 0;  ///< who ended its sleep, where that was a task
  Name waker_comm;
  Level waker_level = Level::kUnknown;  ///< kSoftirq, kHardirq: a device, the network or a timer ended it
  std::int32_t cpu = -1;
};

/// One cause's part of a request's total.
struct BlameShare {
  Cause cause = Cause::kUnknown;
  Seen certainty = Seen::kObserved;  ///< kInferred with `why`; kUnknown for Cause::kUnknown only
  Reason why = Reason::kNone;
  std::uint64_t ns = 0;
  std::uint32_t parts = 0;  ///< intervals it is made of; kLoopOrder, kBusy: services of other requests
  Culprit culprit;          ///< of its largest part
};

/// Largest first; the parts add up to total_ns() of the path exactly. Empty where the path has no total.
using Blame = std::vector<BlameShare>;

/// Nanoseconds of one cause, 0 where it has no share.
std::uint64_t blame_ns(const Blame& blame, Cause cause);

/// The byte range of one delivery joined to the call that read it.
struct Path {
  std::uint64_t id = 0;  ///< from 1, in order of completion; the same for every reading of a recording
  Task task;             ///< the reader
  Socket socket;
  std::uint64_t begin = 0, end = 0;  ///< range in the socket's stream (bytes) or queue (datagrams)
  bool datagram = false;
  std::uint64_t bytes = 0;  ///< of this range; for a datagram what the read returned
  std::array<StagePoint, kStageCount> stages{};
  Wake wake;
  std::vector<WitnessEntry> witness;
  bool witness_cut = false;
  Arrival arrival;
  std::uint64_t delivery_id = 0;  ///< deliveries and reads are many-to-many: these name both ends
  std::uint64_t read_id = 0;
  std::uint32_t deliveries_of_read = 1;  ///< filled by the end of the read
  std::uint32_t part_of_delivery = 0;    ///< 0: this read took the delivery's first byte
  std::int32_t fd = -1;
  std::uint16_t syscall_nr = 0;
  Name syscall;  ///< "read", "recvfrom", ...
  std::uint32_t msg_flags = 0;
  bool peek = false;
  std::int64_t read_ret = 0;
  Name wait_syscall;  ///< the call whose return is kReturned, empty: none
  std::int64_t wait_ready = -1;
  std::uint64_t reply_bytes = 0;
  std::optional<std::uint64_t> accept_queue_ns;  ///< on the first path of an accepted connection
  bool loss_nearby = false;                      ///< records were lost between its first and last stage
  bool fin = false;
  Blame blame;  ///< adds up to total_ns(); empty where there is no total

  [[nodiscard]] const StagePoint& at(Stage s) const { return stages[static_cast<std::size_t>(s)]; }
  StagePoint& at(Stage s) { return stages[static_cast<std::size_t>(s)]; }
};

/// The order in which this path's stages happen; loopback and veth hand over before they raise.
const std::array<Stage, kStageCount>& stage_order(const Path& path);
/// First stage with a time to kDone, ns; nullopt where kDone has none, stands alone, or is earlier than the first.
std::optional<std::uint64_t> total_ns(const Path& path);
/// Every stage from the first to kDone is observed, inferred, not needed or not applicable, and no loss is near.
bool is_complete(const Path& path);

/// One line of the imperfections found; see diagnostics in docs/reading-a-report.md.
struct Diagnostic {
  enum class Severity : std::uint8_t {
    kInfo,
    kNotice,
    kDataLoss,
    kError
  };
  std::string name;
  Severity severity = Severity::kInfo;
  std::uint64_t count = 0;
  std::string sentence;
};

struct HookUse {
  std::string name, tracepoint, stage, reason;  ///< reason: why it is missing, empty when attached
  bool attached = false;
  std::uint64_t fired = 0, self = 0, filtered = 0, noted = 0, map_full = 0, ring_full = 0, submitted = 0;
  std::uint64_t missed = 0;  ///< left out by the kernel, because the hook's program was running on that CPU already

  /// What became of each firing is known.
  [[nodiscard]] bool balances() const { return fired == self + filtered + noted + map_full + ring_full + submitted; }
  /// Neither attached nor left out because nothing asked for it.
  [[nodiscard]] bool is_missing() const { return !attached && !reason.starts_with("not needed"); }
};

/// What a recording is, from its header.
struct RecordingInfo {
  std::string tool_version, kernel, host_arch, target, command;
  std::uint32_t cpus = 0;
  std::int64_t realtime_offset_ns = 0;  ///< add to a monotonic time to get wall-clock time
  std::vector<HookUse> hooks;
  bool closed_cleanly = false;
};

/// A place where records are known to be missing.
struct Gap {
  std::uint32_t cpu = 0;  ///< ~0: can't be told
  std::uint64_t from_ns = 0, to_ns = 0, count = 0;
  std::string why;
};

/// What one hook lost on one CPU, and when: within a tenth of a second, for that is how often it is written down.
struct HookLoss {
  std::uint32_t hook = 0;  ///< index into RecordingInfo::hooks
  std::uint32_t cpu = 0;   ///< ~0: of all CPUs together
  std::uint64_t ring_full = 0, map_full = 0, missed = 0;
  std::uint64_t from_ns = 0, to_ns = 0;
};

/// Is anything unaccounted for? Each hook on each CPU: fired = self + filtered + noted + map_full + ring_full +
/// submitted. Each CPU: submitted = received = written + dropped; written = records in the file; numbers taken =
/// submitted + ring_full; numbers missing in the file = ring_full. The differences are sums of what each of these is
/// off by. They are 0 in a whole recording that was closed; without its end the last books are older than the last
/// records.
struct Books {
  std::uint64_t fired = 0, submitted = 0, ring_full = 0, map_full = 0, missed = 0;
  std::uint64_t received = 0, dropped = 0, in_file = 0;
  std::uint64_t in_gaps = 0;  ///< numbers missing between and behind the records of the file
  std::uint64_t hooks_difference = 0, rings_difference = 0;
  std::vector<HookLoss> lost;
  bool has_rings = false;  ///< the recorder wrote down its rings at all
};

/// Everything that is not a path: totals over the whole recording.
struct Summary {
  std::uint64_t first_ns = 0, last_ns = 0;
  std::uint64_t events = 0;
  std::uint64_t paths = 0, complete = 0;
  std::uint64_t deliveries = 0, deliveries_unread = 0, reads = 0, empty_reads = 0, eof_reads = 0;
  std::uint64_t wakes = 0, wakes_by_delivery = 0;  ///< of watched tasks
  std::uint64_t waits = 0, empty_waits = 0, slept_waits = 0;
  std::uint64_t accepts = 0, sends = 0, drops = 0;
  std::uint64_t events_lost = 0;
  std::uint64_t damaged_blocks = 0;
  std::uint64_t clock_regressions = 0;
  std::map<std::string, std::uint64_t> drop_reasons;
  std::map<std::string, std::uint64_t> deliveries_by_mechanism;  ///< of those that found a task waiting
  std::map<TaskId, Task> tasks;
  Activity activity;
  std::vector<Diagnostic> diagnostics;
  std::vector<Gap> gaps;
  Books books;
  std::vector<DetailChange>
      details;  ///< the first is what was asked for; empty: recorded before levels were written down

  /// Whether calls were watched all the time: else what is counted of waits, sends and accepts is not all.
  [[nodiscard]] bool has_calls() const;
  [[nodiscard]] bool is_sampled() const;
};

}  // namespace wp::model
