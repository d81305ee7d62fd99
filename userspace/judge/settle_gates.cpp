// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/judge/settle_gates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "userspace/judge/signed_rank.hpp"

namespace wp::judge {

namespace {

constexpr double kWitnessesAgree = 0.99;
constexpr double kObserverMost = 1.25;  // by so much the recorder may change how often the server sleeps
constexpr double kAlpha = 0.05;

double fact(const ArmRun& run, const char* name, double otherwise = 0) {
  const auto found = run.facts.find(name);
  return found == run.facts.end() ? otherwise : found->second;
}

Gate runs_gate(const std::vector<const ArmRun*>& runs) {
  for (const ArmRun* run : runs)
    if (!run->error.empty())
      return {"runs", false, fmt::format("run {} of {} failed: {}", run->round + 1, run->arm, run->error)};
  return {"runs", true, fmt::format("{} runs, none failed", runs.size())};
}

Gate loss_gate(const std::vector<const ArmRun*>& runs) {
  double lost = 0;
  for (const ArmRun* run : runs) lost += fact(*run, "events_lost");
  return {"loss", lost == 0, fmt::format("{} events lost", lost)};
}

// What must be so whatever the server is.
std::string insane(const ArmRun& run) {
  const double asked = fact(run, "asked"), answered = fact(run, "c_requests");
  if (asked != answered) return fmt::format("{} of {} requests were answered", answered, asked);
  if (fact(run, "c_errors") > 0) return "the client counted errors";
  if (fact(run, "wrong") > 0) return fmt::format("{} requests contradict what both ends logged", fact(run, "wrong"));
  const double room_ns = fact(run, "wall_ns") * fact(run, "cpus", 1);
  if (fact(run, "server_cpu_ns") > room_ns) return "more CPU time than there was";
  if (fact(run, "slept_waits") > fact(run, "waits")) return "more waits slept than there were";
  if (fact(run, "arrivals_woke") > fact(run, "arrivals_asleep")) return "more arrivals woke than found anybody asleep";
  if (fact(run, "hits") > fact(run, "trials") && run.facts.contains("hits")) return "more hits than trials";
  return "";
}

Gate sanity_gate(const std::vector<const ArmRun*>& runs) {
  for (const ArmRun* run : runs)
    if (auto why = insane(*run); !why.empty())
      return {"sanity", false, fmt::format("run {} of {}: {}", run->round + 1, run->arm, why)};
  return {"sanity", true, "asked = answered, and no count contradicts another"};
}

Gate contention_gate(double most, const std::vector<const ArmRun*>& runs) {
  double worst = 0;
  for (const ArmRun* run : runs)
    if (const double wall = fact(*run, "wall_ns"); wall > 0)
      worst = std::max(worst, fact(*run, "server_queue_ns") / wall);
  return {
      "contention", worst <= most,
      fmt::format("a server waited for a CPU for {:.1f} % of the time; {:.0f} % is allowed", 100 * worst, 100 * most)};
}

Gate witness_gate(const std::vector<const ArmRun*>& runs) {
  Share share;
  for (const ArmRun* run : runs) {
    share.hits += static_cast<std::uint64_t>(fact(*run, "p_witnesses_agree"));
    share.of += static_cast<std::uint64_t>(fact(*run, "p_witnesses"));
  }
  return {"witnesses", share.of > 0 && share.value() >= kWitnessesAgree,
          fmt::format("wait queue and system call agree in {} of {} wakes", share.hits, share.of)};
}

Gate observer_gate(const Batch& batch) {
  const Quantity& quantity = *find_quantity("switches_per_request");
  const auto on = batch.of(kObserved), off = batch.of(kUnobserved);
  std::vector<double> logs;
  for (std::size_t i = 0; i < std::min(on.size(), off.size()); ++i) {
    const auto with = value_of(quantity, on[i]->facts), without = value_of(quantity, off[i]->facts);
    if (with && without && *with > 0 && *without > 0) logs.push_back(std::log(*with / *without));
  }
  const auto interval = signed_rank(logs, kAlpha);
  if (!interval) return {"observer", true, "not measured in this batch: it takes six pairs"};
  const double low = std::exp(interval->lower), high = std::exp(interval->upper);
  const bool holds = low <= kObserverMost && high >= 1 / kObserverMost;
  return {"observer", holds,
          fmt::format("with the recorder the server slept {:.2f} times as often [{:.2f}, {:.2f}], {} pairs",
                      std::exp(interval->middle), low, high, logs.size())};
}

}  // namespace

std::vector<Gate> gates_of(const Part& part, const Catalogue&, const std::vector<const ArmRun*>& runs) {
  std::vector<Gate> gates{runs_gate(runs), loss_gate(runs), sanity_gate(runs)};
  if (part.contention) gates.push_back(contention_gate(*part.contention, runs));
  if (part.witnesses) gates.push_back(witness_gate(runs));
  return gates;
}

std::vector<Gate> gates_of_batch(const Catalogue& catalogue, const Batch& batch) {
  const auto rows = confusion(catalogue, batch);
  std::uint64_t runs = 0;
  for (const ControlRow& row : rows) runs += row.runs - row.failed;
  std::string broken = broken_control(rows);
  const bool holds = broken.empty() && runs > 0;
  if (runs == 0) broken = "the batch has no controls";
  return {
      {"controls", holds, holds ? fmt::format("{} runs of {} controls, all judged right", runs, rows.size()) : broken},
      observer_gate(batch)};
}

}  // namespace wp::judge
