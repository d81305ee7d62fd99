// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/judge/settle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "userspace/judge/settle_gates.hpp"
#include "userspace/judge/signed_rank.hpp"

namespace wp::judge {

namespace {

/// Five in a hundred, shared among a hundred claims: no correction is needed afterwards.
constexpr double kAlphaOfRatio = 0.0005;

/// The first `runs` of an arm; the number is fixed beforehand, so more of them change nothing.
std::vector<const ArmRun*> runs_of(const Batch& batch, const std::string& arm, std::uint64_t runs) {
  auto all = batch.of(arm);
  if (all.size() > runs) all.resize(runs);
  return all;
}

void undecided(SettledPart& p, std::string why) {
  p.verdict = Verdict::kUndecided;
  if (p.why.empty()) p.why = std::move(why);
}

void widen(SettledPart& p, double lower, double upper) {
  p.lower = std::min(p.lower.value_or(lower), lower);
  p.upper = std::max(p.upper.value_or(upper), upper);
}

/// Exact bounds of each arm by itself; the sentence is about all of them.
void measure_share(SettledPart& p, const std::vector<std::vector<const ArmRun*>>& arms) {
  const Quantity& quantity = *find_quantity(p.part->quantity);
  Share all;
  for (const auto& runs : arms) {
    Share one;
    for (const ArmRun* run : runs) {
      const auto share = share_of(quantity, run->facts);
      if (!share) return undecided(p, fmt::format("a run of {} does not tell {}", run->arm, quantity.name));
      one.hits += share->hits;
      one.of += share->of;
    }
    if (one.of < p.part->least)
      return undecided(p, fmt::format("{} samples of {}; it takes {}", one.of, runs.at(0)->arm, p.part->least));
    widen(p, one.lower(), one.upper());
    all.hits += one.hits;
    all.of += one.of;
  }
  p.number = all.value();
  p.n = all.of;
  p.unit = "share";
}

void measure_each(SettledPart& p, const std::vector<std::vector<const ArmRun*>>& arms) {
  const Quantity& quantity = *find_quantity(p.part->quantity);
  std::vector<double> values;
  for (const auto& runs : arms) {
    for (const ArmRun* run : runs) {
      const auto value = value_of(quantity, run->facts);
      if (!value) return undecided(p, fmt::format("a run of {} does not tell {}", run->arm, quantity.name));
      values.push_back(*value);
    }
  }
  std::sort(values.begin(), values.end());
  p.number = (values[values.size() / 2] + values[(values.size() - 1) / 2]) / 2;
  p.lower = values.front();
  p.upper = values.back();
  p.n = values.size();
  p.unit = quantity.is_share ? "share" : quantity.unit;
}

void measure_ratio(SettledPart& p, const std::vector<std::vector<const ArmRun*>>& arms,
                   const std::vector<const ArmRun*>& baseline) {
  const Quantity& quantity = *find_quantity(p.part->quantity);
  for (const auto& runs : arms) {
    std::vector<double> logs;
    for (std::size_t i = 0; i < runs.size(); ++i) {
      const auto above = value_of(quantity, runs[i]->facts), below = value_of(quantity, baseline[i]->facts);
      if (!above || !below || *above <= 0 || *below <= 0)
        return undecided(
            p, fmt::format("a run of {} or {} does not tell {}", runs[i]->arm, baseline[i]->arm, quantity.name));
      logs.push_back(std::log(*above / *below));
    }
    const auto interval = signed_rank(logs, kAlphaOfRatio);
    if (!interval) return undecided(p, fmt::format("{} pairs; it takes 12", logs.size()));
    if (!p.number) p.number = std::exp(interval->middle);
    widen(p, std::exp(interval->lower), std::exp(interval->upper));
    p.n += logs.size();
  }
  p.unit = "ratio";
}

void measure_class(SettledPart& p, const std::vector<std::vector<const ArmRun*>>& arms) {
  Share share;
  for (const auto& runs : arms) {
    for (const ArmRun* run : runs) {
      const std::string& word = p.part->quantity == "wait_class" ? run->wait_class : run->architecture;
      share.hits += word == p.part->equals;
      ++share.of;
    }
  }
  p.number = p.lower = p.upper = share.value();
  p.n = share.of;
  p.unit = "share";
}

// What the whole interval satisfies, it says.
void decide(SettledPart& p) {
  const auto all = [&](const Bound& bound) { return holds(bound, *p.lower) && holds(bound, *p.upper); };
  if (all(p.part->confirm)) {
    p.verdict = Verdict::kConfirmed;
  } else if (all(p.part->refute)) {
    p.verdict = Verdict::kRefuted;
  } else {
    undecided(p, fmt::format("neither all of the interval is {} nor all of it {}", p.part->confirm.text,
                             p.part->refute.text));
  }
}

void measure(SettledPart& p, const std::vector<std::vector<const ArmRun*>>& arms,
             const std::vector<const ArmRun*>& baseline) {
  switch (p.part->statistic) {
    case Statistic::kShare: return measure_share(p, arms);
    case Statistic::kEach: return measure_each(p, arms);
    case Statistic::kRatio: return measure_ratio(p, arms, baseline);
    case Statistic::kClass: break;
  }
  measure_class(p, arms);
}

SettledPart settle_part(const Part& part, std::uint64_t rounds, const Catalogue& catalogue, const Batch& batch,
                        const std::vector<Gate>& of_batch) {
  SettledPart p;
  p.part = &part;
  if (!part.not_applicable.empty()) {
    p.verdict = Verdict::kNotApplicable;
    p.why = part.not_applicable;
    return p;
  }
  std::vector<std::vector<const ArmRun*>> arms;
  std::vector<const ArmRun*> all, baseline;
  for (const std::string& id : part.subject) arms.push_back(runs_of(batch, id, rounds));
  if (!part.baseline.empty()) baseline = runs_of(batch, part.baseline, rounds);
  for (const auto& runs : arms) all.insert(all.end(), runs.begin(), runs.end());
  all.insert(all.end(), baseline.begin(), baseline.end());
  const std::size_t wanted = (part.subject.size() + (part.baseline.empty() ? 0 : 1)) * rounds;
  if (all.size() != wanted) {
    undecided(p, fmt::format("{} of the {} runs it takes were made", all.size(), wanted));
    return p;
  }
  p.gates = gates_of(part, catalogue, all);
  if (p.gates.front().holds) measure(p, arms, baseline);  // a run that failed has nothing to measure
  if (p.number) decide(p);
  p.gates.insert(p.gates.end(), of_batch.begin(), of_batch.end());
  for (const Gate& gate : p.gates) {
    if (gate.holds) continue;
    p.verdict = Verdict::kUndecided;
    p.why = fmt::format("{}: {}", gate.name, gate.why);
    break;
  }
  return p;
}

Verdict sum_up(const Settled& s) {
  if (s.count(Verdict::kNotApplicable) == s.parts.size()) return Verdict::kNotApplicable;
  if (s.count(Verdict::kRefuted)) return Verdict::kRefuted;
  return s.count(Verdict::kUndecided) ? Verdict::kUndecided : Verdict::kConfirmed;
}

}  // namespace

std::size_t Settled::count(Verdict of) const {
  return static_cast<std::size_t>(
      std::count_if(parts.begin(), parts.end(), [&](const SettledPart& p) { return p.verdict == of; }));
}

std::vector<ControlRow> confusion(const Catalogue& catalogue, const Batch& batch) {
  std::vector<ControlRow> rows;
  for (const Arm& arm : catalogue.arms) {
    if (arm.control.empty()) continue;
    ControlRow row{arm.id, arm.control, arm.built, {}, {}, 0, 0, 0};
    for (const ArmRun* run : batch.of(arm.id)) {
      ++row.runs;
      // With events lost the classifier says nothing: that is no wrong judgement, and no right one.
      const auto lost = run->facts.find("events_lost");
      if (!run->error.empty() || (lost != run->facts.end() && lost->second > 0)) {
        ++row.failed;
        continue;
      }
      ++row.called[run->wait_class];
      ++row.called_built[run->architecture];
      row.right += run->wait_class == arm.control && (arm.built.empty() || run->architecture == arm.built);
    }
    if (row.runs > 0) rows.push_back(std::move(row));
  }
  return rows;
}

std::string confusion_sum(const std::vector<ControlRow>& rows) {
  Share all;
  std::uint64_t mistaken = 0, polling = 0;
  for (const ControlRow& row : rows) {
    const Share share = row.share();
    all.hits += share.hits;
    all.of += share.of;
    if (row.is != "spin" && row.is != "sleep_poll") continue;
    polling += share.of;
    const auto called = row.called.find("event_driven");
    if (called != row.called.end()) mistaken += called->second;
  }
  return fmt::format(
      "all together: {} of {} right, at least {:.1f} %; {} of {} runs of polling servers called event-driven", all.hits,
      all.of, 100 * all.lower(), mistaken, polling);
}

std::string broken_control(const std::vector<ControlRow>& rows) {
  for (const ControlRow& row : rows) {
    if (row.failed == row.runs) return fmt::format("no run of control {} could be judged", row.arm);
    if (row.right + row.failed == row.runs) continue;
    std::string called;
    for (const auto& words : {row.called, row.called_built})
      for (const auto& [word, runs] : words)
        if (word != row.is && word != row.built)
          called += fmt::format("{}{} {} times", called.empty() ? "" : ", ", word, runs);
    return fmt::format("control {} is {}{}{}, and was called {}", row.arm, row.is, row.built.empty() ? "" : ", ",
                       row.built, called);
  }
  return "";
}

std::vector<Settled> settle(const Catalogue& catalogue, const Batch& batch, const std::vector<std::string>& ids) {
  const auto of_batch = gates_of_batch(catalogue, batch);
  std::vector<Settled> all;
  for (const NoteClaim& claim : catalogue.claims) {
    if (std::find(ids.begin(), ids.end(), claim.id) == ids.end()) continue;
    Settled s{&claim, Verdict::kUndecided, {}};
    for (const Part& part : claim.parts) s.parts.push_back(settle_part(part, claim.runs, catalogue, batch, of_batch));
    s.verdict = sum_up(s);
    all.push_back(std::move(s));
  }
  return all;
}

}  // namespace wp::judge
