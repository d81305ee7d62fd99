// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/judge/quantity.hpp"

#include <algorithm>
#include <cmath>

#include "userspace/judge/classifier.hpp"

namespace wp::judge {

namespace {

// The rest are shares: so many of so many.
constexpr bool kShare = true, kNumber = false;

const std::vector<Quantity> kQuantities = {
    {"unwatched_share", "arrivals_unwatched", "arrivals_asleep", "", kShare,
     "arrivals that found the reader asleep with no entry of its on the socket's wait queue"},
    {"woken_share", "arrivals_woke", "arrivals_asleep", "", kShare,
     "arrivals that found the reader asleep and woke it in their own context"},
    {"empty_wait_share", "empty_waits", "waits", "", kShare, "waits that returned at once with nothing"},
    {"slept_wait_share", "slept_waits", "waits", "", kShare, "waits that slept"},
    {"ready_wait_share", "ready_waits", "waits", "", kShare, "waits that found something ready and did not sleep"},
    {"empty_read_share", "empty_reads", "read_calls", "", kShare, "receives and accepts that found nothing"},
    {"barren_calls_per_second", "barren", "watched_s", "per_second", kNumber,
     "calls that returned at once and brought nothing"},
    {"waits_per_second", "waits", "watched_s", "per_second", kNumber, "waits"},
    {"idle_cpu", "idle_run_ns", "idle_available_ns", "", kNumber,
     "share of the time it could have run that the serving thread ran while nothing arrived"},
    {"idle_sleep", "idle_sleep_ns", "idle_available_ns", "", kNumber,
     "share of the time it could have run that the serving thread slept while nothing arrived"},
    {"idle_run_per_second", "idle_run_ns", "idle_s", "ns_per_second", kNumber,
     "time the serving thread ran in a second in which nothing arrived"},
    {"timer_wakes_per_second", "ticks", "watched_s", "per_second", kNumber, "wakes by a timer or a wait's timeout"},
    {"wakes_per_request", "wakes", "c_requests", "per_request", kNumber, "wakes of the server's tasks"},
    {"syscalls_per_request", "syscalls", "c_requests", "per_request", kNumber, "system calls of the server"},
    {"signals_per_request", "signals_taken", "c_requests", "per_request", kNumber, "signals taken by the server"},
    {"watched_per_wait", "watched", "wait_calls", "descriptors", kNumber, "descriptors handed over at a wait"},
    {"reader_tasks", "reader_tasks", "", "tasks", kNumber, "tasks that read requests"},
    {"sockets_per_reader", "sockets_at_once", "", "sockets", kNumber, "connections that one task had at a time"},
    {"processes_per_connection", "processes_forked", "connections", "per_connection", kNumber, "processes forked"},
    {"holders", "most_holders", "", "processes", kNumber, "processes that held one socket at a time"},
    {"memory_per_connection", "memory_floor_bytes", "memory_connections", "bytes", kNumber,
     "growth of the server by an idle connection, never less than can be told (256 bytes)"},
    {"cpu_per_request", "server_cpu_ns", "c_requests", "ns_per_request", kNumber,
     "CPU time of the server and its children by the kernel's own books"},
    {"latency_p50", "c_p50_ns", "", "ns", kNumber, "median time from a request to its echo, by the client"},
    {"switches_per_request", "server_switches", "c_requests", "per_request", kNumber,
     "voluntary context switches by the kernel's own books"},
    {"queued_before_wake_share", "p_queued_before_waking", "p_waking", "", kShare,
     "wakes that came after the data was in the socket's queue"},
    {"stored_at_delivery_share", "p_unread", "p_queued", "", kShare,
     "deliveries after which the bytes lay unread in the socket's queue"},
    {"stored_without_watcher_share", "p_unread_unwatched", "p_unwatched", "", kShare,
     "deliveries to a socket nobody waits on, after which the bytes lay in its queue"},
    {"sender_context_share", "p_in_sender", "p_queued", "", kShare,
     "deliveries that ran inside the sending task's own system call"},
    {"over_user_share", "p_over_user", "p_queued", "", kShare, "deliveries whose interrupt hit a CPU in user mode"},
    {"wake_by_softirq_share", "p_wake_softirq", "p_wake_level", "", kShare,
     "wakes that came from the softirq that delivered, from no task of its own"},
    {"entry_while_awake_share", "p_awake_entry", "p_awake", "", kShare,
     "deliveries to a reader that was awake that found an entry of a wait on the socket's queue"},
    {"return_before_read_share", "p_returned_before_read", "p_after_wait", "", kShare,
     "reads that began after the wait call had returned"},
    {"complete_share", "p_complete", "p_all", "", kShare, "requests whose every stage is known"},
    {"ordered_share", "p_ordered", "p_all", "", kShare, "requests whose stages come in the kernel's order"},
    {"reaped_asleep_share", "reaped_asleep", "processes_reaped", "", kShare,
     "children reaped by a call that slept until they ended"},
    {"left_share", "processes_left", "processes_ended", "", kShare, "children that ended and were never reaped"},
    {"shared_sockets_per_connection", "shared_sockets", "connections", "per_connection", kNumber,
     "sockets that several processes held at a time"},
    {"fin_with_last_share", "fins_with_the_last", "fins_shared", "", kShare,
     "FINs of shared sockets that went out with the last close"},
    {"wakes_by_task_share", "wakes_task", "wakes_all", "", kShare, "wakes by another task, not by a packet or a timer"},
    {"accepts_most_share", "accepts_most", "accepts_all", "", kNumber, "share of the connections that one worker took"},
    {"herd_share", "woken_for_nothing", "woken_for_connection", "", kShare,
     "workers woken for a new connection that found it taken"},
    {"parts_per_writev", "writev_parts", "writev_calls", "buffers", kNumber, "buffers sent by one writev"},
    {"trial_share", "hits", "trials", "", kShare, "trials in which it was so"},
    {"per_trial", "count", "trials", "per_trial", kNumber, "what was counted, per trial"},
    {"trial_cpu", "cpu_ns", "trials", "ns_per_trial", kNumber, "CPU time of a trial"},
    {"select_exponent", "exponent_select", "", "", kNumber,
     "growth of the cost of a select with the sockets it watches"},
    {"poll_exponent", "exponent_poll", "", "", kNumber, "growth of the cost of a poll with the sockets it watches"},
    {"epoll_exponent", "exponent_epoll", "", "", kNumber,
     "growth of the cost of an epoll_wait with the sockets it watches"},
};

std::optional<double> fact(const Facts& facts, const char* name) {
  const auto found = facts.find(name);
  return found == facts.end() ? std::nullopt : std::optional(found->second);
}

// The slope of a straight line through the logarithms of cost and size: the median of all pairs' slopes (Theil, Sen).
std::optional<double> exponent(const Facts& facts, const std::string& call) {
  std::vector<std::pair<double, double>> points;
  for (const int size : {16, 64, 256, 1000})
    if (const auto ns = fact(facts, ("ns_" + call + "_" + std::to_string(size)).c_str()); ns && *ns > 0)
      points.emplace_back(std::log(size), std::log(*ns));
  if (points.size() < 4) return std::nullopt;
  std::vector<double> slopes;
  for (std::size_t i = 0; i < points.size(); ++i)
    for (std::size_t k = i + 1; k < points.size(); ++k)
      slopes.push_back((points[k].second - points[i].second) / (points[k].first - points[i].first));
  std::sort(slopes.begin(), slopes.end());
  return (slopes[slopes.size() / 2] + slopes[(slopes.size() - 1) / 2]) / 2;
}

}  // namespace

const std::vector<Quantity>& quantities() { return kQuantities; }

const Quantity* find_quantity(const std::string& name) {
  const auto found =
      std::find_if(kQuantities.begin(), kQuantities.end(), [&](const Quantity& q) { return name == q.name; });
  return found == kQuantities.end() ? nullptr : &*found;
}

std::optional<double> value_of(const Quantity& quantity, const Facts& facts) {
  constexpr std::string_view kExponent = "exponent_";
  const std::string of = quantity.of;
  if (of.starts_with(kExponent)) return exponent(facts, of.substr(kExponent.size()));
  const auto above = fact(facts, quantity.of);
  if (!above || *quantity.through == '\0') return above;
  const auto below = fact(facts, quantity.through);
  return below && *below > 0 ? std::optional(*above / *below) : std::nullopt;
}

std::optional<Share> share_of(const Quantity& quantity, const Facts& facts) {
  const auto hits = fact(facts, quantity.of), of = fact(facts, quantity.through);
  if (!quantity.is_share || !hits || !of || *hits < 0 || *hits > *of) return std::nullopt;
  return Share{static_cast<std::uint64_t>(*hits), static_cast<std::uint64_t>(*of)};
}

bool is_class_word(const std::string& quantity, const std::string& word) {
  if (quantity == "wait_class") {
    for (int c = 0; c <= static_cast<int>(WaitClass::kNoNetwork); ++c)
      if (word == class_name(static_cast<WaitClass>(c))) return true;
  }
  if (quantity == "architecture") {
    for (int a = 0; a <= static_cast<int>(Architecture::kUndetermined); ++a)
      if (word == architecture_name(static_cast<Architecture>(a))) return true;
  }
  return false;
}

}  // namespace wp::judge
