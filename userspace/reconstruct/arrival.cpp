// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/reconstruct/arrival.hpp"

#include <initializer_list>

namespace wp::reconstruct {

using model::Reason;
using model::Seen;
using model::Stage;
using model::StagePoint;

namespace {

constexpr std::uint16_t kUnix = 1, kTcp = 6;

#define WP_CASE(number, name, doc)          \
  case number: {                            \
    static const model::Name kName = #name; \
    return kName;                           \
  }

model::Name softirq_how_name(std::uint8_t how) {
  switch (how) { WP_SOFTIRQ_HOWS(WP_CASE) }
  return {};
}
model::Name irq_over_name(std::uint8_t over) {
  switch (over) { WP_IRQ_OVERS(WP_CASE) }
  return {};
}
model::Name driver_hook_name(std::uint8_t hook) {
  switch (hook) { WP_DRIVER_HOOKS(WP_CASE) }
  return {};
}
#undef WP_CASE

StagePoint none(Seen seen, Reason why) { return {seen, why, 0, -1}; }

StagePoint seen_at(std::uint64_t ns, std::uint32_t cpu) {
  if (!ns) return none(Seen::kUnknown, Reason::kHookMissing);
  return {Seen::kObserved, Reason::kNone, ns, static_cast<std::int32_t>(cpu)};
}

void set(model::Path& path, std::initializer_list<Stage> stages, StagePoint point) {
  for (const Stage stage : stages) path.at(stage) = point;
}

void describe(model::Arrival& a, const wp_delivery& d, const NameTable& names) {
  const std::uint64_t device = static_cast<std::uint64_t>(d.netns) << 32U | d.ifindex;
  if (d.irq_ns) {
    a.irq = d.irq;
    a.irq_name = names.get(WP_NAME_irq, d.irq);
    if (d.irq_over) a.irq_over = irq_over_name(d.irq_over);
  }
  if (d.softirq_how) a.softirq_how = softirq_how_name(d.softirq_how);
  if (d.driver_hook) a.driver_hook = driver_hook_name(d.driver_hook);
  a.ifindex = d.ifindex;
  a.device = names.get(WP_NAME_netdev, device);
  a.device_kind = names.get(WP_NAME_netdev_kind, device);
  a.napi_id = d.napi_id;
  a.queue = d.queue;
  a.frames = d.segs ? d.segs : 1;
  a.packet_index = d.packet_index;
  a.packet_bytes = d.len;
  a.deferred = d.flags & WP_DELIVERY_DEFERRED;
  a.forwarded = d.flags & WP_DELIVERY_FORWARDED;
}

// A packet handed over while the softirq was already asked for, or already running, needs no raise or
// softirq of its own: those that were seen belong to an earlier one.
void fit_virtual_device(model::Path& path, const wp_delivery& d) {
  const Reason why = Reason::kPollAlreadyRunning;
  if (d.raise_ns && d.raise_ns < d.driver_ns) path.at(Stage::kRaise) = none(Seen::kNotNeeded, why);
  if (d.softirq_ns < d.driver_ns) path.at(Stage::kSoftirq) = none(Seen::kNotNeeded, why);
}

// GRO may hold a packet from one poll to the next: then interrupt and softirq are the later one's.
void fit_held_packet(model::Path& path, const wp_delivery& d) {
  if (d.softirq_ns > d.driver_ns)  // recordings of before the driver's hand-over noted it
    set(path, {Stage::kIrq, Stage::kRaise, Stage::kSoftirq}, none(Seen::kUnknown, Reason::kPartOfMerged));
}

bool is_virtual(const wp_delivery& d) { return d.driver_hook == WP_DRIVER_netif_rx || d.driver_hook == WP_DRIVER_xmit; }

// RPS steers a packet to another CPU only after the driver: what came before was on the driver's.
std::uint32_t origin_cpu(const wp_delivery& d) { return d.driver_ns && !is_virtual(d) ? d.driver_cpu : d.stack_cpu; }

StagePoint interrupt(const wp_delivery& d, const model::Arrival& a) {
  static const model::Name kLoopback = "loopback";
  if (a.device_kind == kLoopback) return none(Seen::kNotApplicable, Reason::kLoopbackNoInterrupt);
  if (is_virtual(d)) return none(Seen::kNotApplicable, Reason::kVirtualDeviceNoInterrupt);
  if (!d.irq_ns) return none(Seen::kNotNeeded, Reason::kInterruptMasked);
  StagePoint point = seen_at(d.irq_ns, origin_cpu(d));
  if (!d.raise_ns) {
    point.seen = Seen::kInferred;
    point.why = Reason::kLastInterrupt;
  }
  return point;
}

// Nobody's softirq: a thread or a task took the packet from the card, or wrote it into the device. False: a softirq
// did.
bool add_stages_of_poll(model::Path& path, const wp_delivery& d) {
  switch (d.softirq_how) {
    case WP_SOFTIRQ_napi_thread:
      // the wake of the thread stands where the raise does; both are of the interrupt's CPU, which is not told
      path.at(Stage::kIrq) = path.at(Stage::kRaise) = none(Seen::kUnknown, Reason::kWakeOfThreadNotSeen);
      if (d.irq_ns) {
        path.at(Stage::kIrq) = {Seen::kObserved, Reason::kNone, d.irq_ns, -1};
        path.at(Stage::kRaise) = {Seen::kObserved, Reason::kNone, d.raise_ns, -1};
      }
      path.at(Stage::kSoftirq) = none(Seen::kNotNeeded, Reason::kNapiThread);
      return true;
    case WP_SOFTIRQ_busy_poll:
      set(path, {Stage::kIrq, Stage::kRaise, Stage::kSoftirq}, none(Seen::kNotNeeded, Reason::kBusyPolled));
      return true;
    case WP_SOFTIRQ_writer:
      path.at(Stage::kIrq) = none(Seen::kNotApplicable, Reason::kVirtualDeviceNoInterrupt);
      set(path, {Stage::kRaise, Stage::kSoftirq}, none(Seen::kNotNeeded, Reason::kWrittenByTask));
      return true;
    default: return false;
  }
}

// A packet that was not the softirq's first may have come while the driver polled: then what made it poll is older.
void fit_polled_packet(model::Path& path, const wp_delivery& d) {
  if (d.packet_index == 0) return;
  for (const Stage stage : {Stage::kIrq, Stage::kRaise, Stage::kSoftirq}) {
    StagePoint& point = path.at(stage);
    if (!point.has_time()) continue;
    point.seen = Seen::kInferred;
    point.why = Reason::kPollAlreadyRunning;
  }
}

// A virtual device raises the softirq as it takes the packet: no instant of its own. The raise of a card is
// seen once its hook is attached, which is when the first delivery from a card was met.
StagePoint raise(const wp_delivery& d) {
  if (d.raise_ns) return seen_at(d.raise_ns, origin_cpu(d));
  if (is_virtual(d)) return none(Seen::kNotNeeded, Reason::kRaisedByHandover);
  return none(Seen::kUnknown, Reason::kHookNotYetAttached);
}

void add_packet_stages(model::Path& path, const wp_delivery& d) {
  if (!add_stages_of_poll(path, d)) {
    path.at(Stage::kIrq) = interrupt(d, path.arrival);
    path.at(Stage::kRaise) = raise(d);
    path.at(Stage::kSoftirq) = seen_at(d.softirq_ns, origin_cpu(d));
  }
  path.at(Stage::kDriver) = seen_at(d.driver_ns, d.driver_cpu);
  path.at(Stage::kStack) = seen_at(d.stack_ns, d.stack_cpu);
  if (d.driver_ns && is_virtual(d))
    fit_virtual_device(path, d);
  else if (d.driver_ns)
    fit_held_packet(path, d);
  if (!is_virtual(d)) fit_polled_packet(path, d);
}

}  // namespace

void add_arrival(model::Path& path, const Delivery& delivery, const NameTable& names) {
  const wp_delivery& d = delivery.record;
  model::Arrival& a = path.arrival;
  a.unread = d.unread;
  a.level = static_cast<model::Level>(d.level);
  a.sender_tid = d.sender_tid;
  a.backlog = d.flags & WP_DELIVERY_BACKLOG;
  path.at(Stage::kHw) = none(Seen::kNotApplicable, Reason::kNoHardwareTimestamp);
  if (path.socket.family == kUnix) {
    set(path, {Stage::kIrq, Stage::kRaise, Stage::kSoftirq, Stage::kDriver, Stage::kStack, Stage::kProtocol},
        none(Seen::kNotApplicable, Reason::kUnixNoNetwork));
    return;
  }
  if (!d.stack_ns) {
    set(path, {Stage::kIrq, Stage::kRaise, Stage::kSoftirq, Stage::kDriver, Stage::kStack},
        none(Seen::kUnknown, a.backlog ? Reason::kFromBacklog : Reason::kNoPacketKnown));
  } else {
    describe(a, d, names);
    add_packet_stages(path, d);
  }
  if (d.protocol_ns && d.flags & WP_DELIVERY_CLOCK_SENT)
    path.at(Stage::kProtocol) = {Seen::kInferred, Reason::kClockOfSend, d.protocol_ns,
                                 static_cast<std::int32_t>(d.h.cpu)};
  else if (d.protocol_ns)
    path.at(Stage::kProtocol) = seen_at(d.protocol_ns, d.h.cpu);
  else if (path.socket.protocol != kTcp)
    path.at(Stage::kProtocol) = none(Seen::kNotApplicable, Reason::kNoProtocolHook);
  else
    path.at(Stage::kProtocol) = none(Seen::kUnknown, Reason::kNoPacketKnown);
}

}  // namespace wp::reconstruct
