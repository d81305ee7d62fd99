// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What was measured for a set of claims: the raw counts of every run, none left out. Verdicts are made of this and the
// catalogue alone, here or anywhere (docs/schema/claims-runs.json).
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "userspace/base/result.hpp"
#include "userspace/judge/quantity.hpp"

namespace wp::judge {

/// One request of a run, drawn when the run was analysed.
struct Shown {
  std::string which;  ///< "typical", "worst", "contrary"
  std::string text;   ///< lines; escaped for terminals already
};

struct ArmRun {
  std::string arm;
  std::uint64_t round = 0;  ///< from 0; the runs of one round are paired
  std::uint64_t order = 0;  ///< in which they were made
  double seconds = 0;       ///< it took
  std::string error;        ///< why it has no facts; empty: it has
  Facts facts;
  std::string wait_class, kind, architecture;  ///< of the server, by the classifier; empty: nothing was recorded
  std::string wait_evidence;                   ///< the sentence it rests on
  std::vector<Shown> shown;
};

struct Batch {
  std::string tool_version, kernel, catalogue_hash;
  std::uint64_t cpus = 0;
  double seconds = 0;  ///< it took
  std::vector<ArmRun> runs;

  /// In the order of their rounds.
  [[nodiscard]] std::vector<const ArmRun*> of(const std::string& arm) const;
};

/// Runs made later, of the same catalogue: they come after those there are, which stay, failed ones too. A claim looks
/// at its fixed number of first runs, so that later ones can only add to the controls.
Result<void> append(Batch& batch, Batch later);

nlohmann::ordered_json batch_json(const Batch& batch);
/// A usage error where the text is no batch.
Result<Batch> parse_batch(const std::string& text);

}  // namespace wp::judge
