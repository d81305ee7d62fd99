// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// From raw counts to verdicts. Pure: the same batch and the same catalogue give the same verdicts anywhere.
#include <string>
#include <vector>

#include "userspace/judge/batch.hpp"
#include "userspace/judge/catalogue.hpp"

namespace wp::judge {

/// A condition under which a number may be believed at all.
struct Gate {
  std::string name;  ///< "loss", "sanity", "contention", "witnesses", "controls", "observer", "runs"
  bool holds = true;
  std::string why;  ///< in numbers, whether it holds or not
};

struct SettledPart {
  const Part* part = nullptr;
  Verdict verdict = Verdict::kUndecided;
  std::optional<double> number, lower, upper;
  std::uint64_t n = 0;  ///< samples of a share, else runs or pairs
  std::string unit;
  std::string why;
  std::vector<Gate> gates;
};

struct Settled {
  const NoteClaim* claim = nullptr;
  /// Confirmed where all parts are that apply; refuted where one is; not applicable where none applies.
  Verdict verdict = Verdict::kUndecided;
  std::vector<SettledPart> parts;

  [[nodiscard]] std::size_t count(Verdict of) const;
};

/// One run of a control: what it is by construction, and what the classifier called it.
struct ControlRow {
  std::string arm, is, built;
  std::map<std::string, std::uint64_t> called, called_built;  ///< word -> runs
  std::uint64_t runs = 0, right = 0, failed = 0;              ///< failed: nothing was recorded, or not all of it
  [[nodiscard]] Share share() const { return {right, runs - failed}; }
};

/// Of every arm in the batch that is a control.
std::vector<ControlRow> confusion(const Catalogue& catalogue, const Batch& batch);
/// All of them together in a sentence: the share that is right, and how many runs of a polling server were called
/// event-driven.
std::string confusion_sum(const std::vector<ControlRow>& rows);
/// Empty: every control was judged as it is by construction. Else the first that was not.
std::string broken_control(const std::vector<ControlRow>& rows);

/// The claims of which the batch holds runs, in the catalogue's order.
std::vector<Settled> settle(const Catalogue& catalogue, const Batch& batch, const std::vector<std::string>& ids);

}  // namespace wp::judge
