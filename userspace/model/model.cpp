// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/model/model.hpp"

#include <algorithm>
#include <string_view>

namespace wp::model {
namespace {

constexpr std::array<const char*, kStageCount> kStageNames = {
    "hw",       "irq",     "raise",    "softirq", "driver", "stack", "protocol", "queued", "waking",
    "runnable", "running", "returned", "read",    "copied", "done",  "reply",    "xmit",
};
static_assert(kStageNames[static_cast<std::size_t>(Stage::kXmit)] == std::string_view("xmit"));

struct ReasonRow {
  Reason reason;
  const char* name;
  const char* text;
};

constexpr std::array kReasons = {
    ReasonRow{Reason::kNone, "none", "no reason given"},

    ReasonRow{Reason::kNoHardwareTimestamp, "no_hardware_timestamp", "the network card stamps no packets"},
    ReasonRow{Reason::kLoopbackNoInterrupt, "loopback_no_interrupt", "no interrupt: loopback"},
    ReasonRow{Reason::kVirtualDeviceNoInterrupt, "virtual_device_no_interrupt", "no interrupt: virtual device"},
    ReasonRow{Reason::kUnixNoNetwork, "unix_no_network", "a Unix socket passes no network device"},
    ReasonRow{Reason::kPipeNoSocket, "pipe_no_socket", "a pipe has no socket behind it"},
    ReasonRow{Reason::kNoProtocolHook, "no_protocol_hook", "the kernel has no hook in this protocol"},
    ReasonRow{Reason::kReaderAlsoDelivers, "reader_also_delivers", "the reader took the packet in itself"},

    ReasonRow{Reason::kRunning, "running", "the reader was running"},
    ReasonRow{Reason::kAlreadyRunnable, "already_runnable", "the reader was already waiting for a CPU"},
    ReasonRow{Reason::kFoundReady, "found_ready", "the wait call found data and did not sleep"},
    ReasonRow{Reason::kWokenByOtherSocket, "woken_by_other_socket", "another socket had woken the reader"},
    ReasonRow{Reason::kHandedOver, "handed_over", "another task was woken and handed the work over"},
    ReasonRow{Reason::kBusyElsewhere, "busy_elsewhere", "the reader was busy with other work"},
    ReasonRow{Reason::kBlockedInRead, "blocked_in_read", "the reader was already inside the read, waiting"},
    ReasonRow{Reason::kReadWithoutWait, "read_without_wait", "the reader read without waiting first"},
    ReasonRow{Reason::kNotAsleep, "not_asleep", "the reader was not asleep"},
    ReasonRow{Reason::kNoReply, "no_reply", "the reader sent no reply to it"},
    ReasonRow{Reason::kInterruptMasked, "interrupt_masked", "interrupts were off: the driver was already polling"},
    ReasonRow{Reason::kWokenBeforeSleep, "woken_before_sleep", "the wake came before the reader had gone to sleep"},

    ReasonRow{Reason::kPollAlreadyRunning, "poll_already_running", "the driver's poll was already running"},
    ReasonRow{Reason::kWakeWithoutWitness, "wake_without_witness",
              "the wake fits, but the wait queue did not name the task"},
    ReasonRow{Reason::kDatagramOrder, "datagram_order", "datagrams matched by their order"},
    ReasonRow{Reason::kWakerContext, "waker_context", "taken from the context of the waker"},
    ReasonRow{Reason::kOverlappingReads, "overlapping_reads", "two reads of this socket overlapped"},

    ReasonRow{Reason::kHookMissing, "hook_missing", "the hook for it is missing"},
    ReasonRow{Reason::kLost, "lost", "events were lost here"},
    ReasonRow{Reason::kBeforeRecording, "before_recording", "it happened before the recording began"},
    ReasonRow{Reason::kPacketSlotReused, "packet_slot_reused", "later packets took the place where it was noted"},
    ReasonRow{Reason::kFromBacklog, "from_backlog", "the data came from the socket's backlog, not a softirq"},
    ReasonRow{Reason::kHistoryTooShort, "history_too_short", "it is older than the history kept"},
    ReasonRow{Reason::kNotInSendCall, "not_in_send_call", "the packet left outside the sending call"},
    ReasonRow{Reason::kStillOpen, "still_open", "the recording ended before it happened"},
    ReasonRow{Reason::kPartOfMerged, "part_of_merged", "an earlier packet of a merged one, noted only once"},
    ReasonRow{Reason::kNoPacketKnown, "no_packet_known", "the packet behind this delivery is not known"},
    ReasonRow{Reason::kSocketNotYetKnown, "socket_not_yet_known", "the socket was not yet watched"},
    ReasonRow{Reason::kContextUnreadable, "context_unreadable", "this kernel does not let us read the context"},

    ReasonRow{Reason::kReadBeforeReady, "read_before_ready", "the reader took the data before the kernel announced it"},
    ReasonRow{Reason::kRaisedByHandover, "raised_by_handover", "the sender's hand-over raises the softirq itself"},
    ReasonRow{Reason::kLastInterrupt, "last_interrupt", "the last interrupt before the softirq, its raise not seen"},
    ReasonRow{Reason::kHookNotYetAttached, "hook_not_yet_attached",
              "its hook is attached after the first such delivery"},
    ReasonRow{Reason::kSwitchNotSeen, "switch_not_seen", "found running by then: no switch to it was reported"},
    ReasonRow{Reason::kNotAnnounced, "not_announced", "the kernel announced no delivery of it"},
    ReasonRow{Reason::kWokenByEarlierData, "woken_by_earlier_data", "earlier data of this socket had woken the reader"},
    ReasonRow{Reason::kReplyOrder, "reply_order", "requests and replies matched by their order"},
    ReasonRow{Reason::kWitnessContradicts, "witness_contradicts", "wait queue and run history do not agree"},
    ReasonRow{Reason::kLastRead, "last_read", "taken for the work on what the thread had read last"},
    ReasonRow{Reason::kRanLast, "ran_last", "who ran there last; others may have run before"},
    ReasonRow{Reason::kStagesContradict, "stages_contradict", "the times of its stages contradict their order"},
    ReasonRow{Reason::kNotAtThisDetail, "not_at_this_detail", "not recorded at this level of detail"},
    ReasonRow{Reason::kByRing, "by_ring", "io_uring did it, without a call of its own"},

    ReasonRow{Reason::kNapiThread, "napi_thread", "a NAPI thread polled the card, no softirq ran"},
    ReasonRow{Reason::kBusyPolled, "busy_polled", "a task polled the card itself: no interrupt was needed"},
    ReasonRow{Reason::kWrittenByTask, "written_by_task", "a task wrote the packet into the device"},
    ReasonRow{Reason::kWakeOfThreadNotSeen, "wake_of_thread_not_seen", "no interrupt was seen to wake the NAPI thread"},
    ReasonRow{Reason::kDoneWhenCopied, "done_when_copied", "returns are not watched: when the data was copied"},
    ReasonRow{Reason::kDetailChanged, "detail_changed", "the level of detail changed meanwhile"},
    ReasonRow{Reason::kWakeNotSeen, "wake_not_seen", "the kernel reported no wake that ended this sleep"},
    ReasonRow{Reason::kClockOfSend, "clock_of_send", "by TCP's clock, which a send may have set again since"},
};
static_assert(kReasons.size() == kReasonCount);

constexpr bool reasons_are_in_order() {
  for (std::size_t i = 0; i < kReasons.size(); ++i) {
    if (static_cast<std::size_t>(kReasons[i].reason) != i) return false;
  }
  return true;
}
static_assert(reasons_are_in_order());

}  // namespace

const char* stage_name(Stage stage) { return kStageNames[static_cast<std::size_t>(stage)]; }

std::optional<Stage> stage_from_name(const std::string& name) {
  const auto found = std::find(kStageNames.begin(), kStageNames.end(), std::string_view(name));
  if (found == kStageNames.end()) return std::nullopt;
  return static_cast<Stage>(found - kStageNames.begin());
}

const char* seen_name(Seen seen) {
  switch (seen) {
    case Seen::kObserved: return "observed";
    case Seen::kInferred: return "inferred";
    case Seen::kNotNeeded: return "not_needed";
    case Seen::kNotApplicable: return "not_applicable";
    case Seen::kUnknown: return "unknown";
  }
  return "unknown";
}

const char* reason_name(Reason reason) { return kReasons[static_cast<std::size_t>(reason)].name; }
const char* reason_text(Reason reason) { return kReasons[static_cast<std::size_t>(reason)].text; }

namespace {

constexpr std::array<const char*, 3> kDetailNames = {"timeline", "path", "light"};

}  // namespace

const char* detail_name(Detail detail) { return kDetailNames[static_cast<std::size_t>(detail)]; }

std::optional<Detail> detail_from_name(const std::string& name) {
  const auto found = std::find(kDetailNames.begin(), kDetailNames.end(), std::string_view(name));
  if (found == kDetailNames.end()) return std::nullopt;
  return static_cast<Detail>(found - kDetailNames.begin());
}

bool Summary::has_calls() const {
  return std::none_of(details.begin(), details.end(), [](const auto& d) { return d.to == Detail::kLight; });
}

bool Summary::is_sampled() const {
  return std::any_of(details.begin(), details.end(), [](const auto& d) { return d.sample > 1; });
}

const char* mechanism_name(Mechanism mechanism) {
  switch (mechanism) {
    case Mechanism::kNone: return "none";
    case Mechanism::kEpoll: return "epoll";
    case Mechanism::kPoll: return "poll";
    case Mechanism::kBlocking: return "blocking";
    case Mechanism::kAccept: return "accept";
    case Mechanism::kIoUring: return "io_uring";
    case Mechanism::kOther: return "other";
    case Mechanism::kUnknown: return "unknown";
    case Mechanism::kSelect: return "select";
  }
  return "unknown";
}

const char* level_name(Level level) {
  switch (level) {
    case Level::kTask: return "task";
    case Level::kSoftirq: return "softirq";
    case Level::kHardirq: return "hardirq";
    case Level::kUnknown: return "unknown";
  }
  return "unknown";
}

namespace {

constexpr auto kCardStages = [] {
  std::array<Stage, kStageCount> order{};
  for (std::size_t i = 0; i < kStageCount; ++i) order[i] = static_cast<Stage>(i);
  return order;
}();
constexpr auto kHandedOverStages = [] {
  auto order = kCardStages;
  const auto driver = order.begin() + static_cast<std::ptrdiff_t>(Stage::kDriver);
  std::rotate(order.begin() + static_cast<std::ptrdiff_t>(Stage::kRaise), driver, driver + 1);
  return order;
}();

}  // namespace

const std::array<Stage, kStageCount>& stage_order(const Path& path) {
  static const Name kNetifRx = "netif_rx", kXmit = "xmit";
  const bool is_handed_over = path.arrival.driver_hook == kNetifRx || path.arrival.driver_hook == kXmit;
  return is_handed_over ? kHandedOverStages : kCardStages;
}

std::optional<std::uint64_t> total_ns(const Path& path) {
  const StagePoint& done = path.at(Stage::kDone);
  if (!done.has_time()) return std::nullopt;
  for (const Stage stage : stage_order(path)) {
    if (stage == Stage::kDone) break;
    const StagePoint& first = path.at(stage);
    if (!first.has_time()) continue;
    if (first.ts_ns > done.ts_ns) return std::nullopt;
    return done.ts_ns - first.ts_ns;
  }
  return std::nullopt;
}

bool is_complete(const Path& path) {
  if (path.loss_nearby || !path.at(Stage::kDone).has_time()) return false;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(Stage::kDone); ++i) {
    if (path.stages[i].seen == Seen::kUnknown) return false;
  }
  return true;
}

}  // namespace wp::model
