// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/receive_counts.hpp"

namespace wp::report {

using model::Stage;

void ReceiveCounts::Different::add(std::uint64_t ts_ns, std::uint32_t whose) {
  constexpr std::size_t kKept = 1024;
  const std::pair key{ts_ns, whose};
  if (latest.size() == kKept && key < *latest.begin()) return;  // too old to tell: counted when it was new
  count += latest.insert(key).second;
  if (latest.size() > kKept) latest.erase(latest.begin());
}

void ReceiveCounts::add(const model::Path& path) {
  const model::Arrival& arrival = path.arrival;
  const bool by_card = !arrival.softirq_how.empty() && arrival.softirq_how != "writer" &&
                       arrival.driver_hook != "netif_rx" && arrival.driver_hook != "xmit" &&
                       !arrival.driver_hook.empty();
  if (!by_card || path.peek || path.part_of_delivery != 0) return;
  ++packets_;
  ++runners_[arrival.softirq_how];
  const model::StagePoint& irq = path.at(Stage::kIrq);
  if (irq.has_time()) interrupts_.add(irq.ts_ns, arrival.irq);
  const model::StagePoint& poll = path.at(arrival.softirq_how == "napi_thread" ? Stage::kRaise : Stage::kSoftirq);
  if (poll.has_time()) polls_.add(poll.ts_ns, static_cast<std::uint32_t>(poll.cpu));
}

nlohmann::json ReceiveCounts::json() const {
  return {{"packets", packets_}, {"interrupts", interrupts_.count}, {"polls", polls_.count}, {"runners", runners_}};
}

std::string runner_text(const std::string& softirq_how) {
  if (softirq_how == "irq_exit") return "on return from the interrupt";
  if (softirq_how == "ksoftirqd") return "in ksoftirqd";
  if (softirq_how == "napi_thread") return "in a NAPI thread";
  if (softirq_how == "busy_poll") return "in a task's busy poll";
  if (softirq_how == "irq_thread") return "in the handler's thread";
  if (softirq_how == "timer") return "on return from a timer's interrupt";
  return "inside another task";
}

}  // namespace wp::report
