// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Claims about a server, in a closed vocabulary: "event-driven", "p99(waking..running) < 200us",
// "empty_polls_per_second == 0". docs/check.md lists all there is; anything else is refused when it is read.
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/result.hpp"
#include "userspace/judge/classifier.hpp"
#include "userspace/model/evidence.hpp"

namespace wp::judge {

enum class Verdict : std::uint8_t {
  kConfirmed,
  kRefuted,
  kUndecided,
  kNotApplicable,  ///< what the claim speaks of can't be in this recording
};
const char* verdict_name(Verdict verdict);  ///< "confirmed", ...

enum class Comparison : std::uint8_t {
  kLess,
  kAtMost,
  kMore,
  kAtLeast,
  kEqual
};

struct Claim {
  std::string text;       ///< as it was written
  std::string quantity;   ///< a word of the vocabulary; for a percentile "p" with `percentile`, `from` and `to`
  double percentile = 0;  ///< 0 to 100
  model::Stage from = model::Stage::kQueued, to = model::Stage::kDone;
  Comparison comparison = Comparison::kLess;
  double threshold = 0;  ///< in the quantity's unit
  bool named = false;    ///< a claim by name: it has neither comparison nor threshold
};

/// A usage error where it is none, with what there is instead.
Result<Claim> parse_claim(const std::string& text);
/// Claims of a TOML file: `claims = ["...", ...]`. Unknown keys are errors.
Result<std::vector<Claim>> read_claims(const std::string& file);

struct ClaimResult {
  Claim claim;
  Verdict verdict = Verdict::kUndecided;
  std::optional<double> number, lower, upper;  ///< measured, and its 95 % interval (each bound one-sided)
  std::uint64_t n = 0;                         ///< samples, or seconds for a rate
  std::string unit;                            ///< "ns", "per_second", "share", "" ...
  std::string why;                             ///< one sentence
};

/// What claims are judged by, all of one recording.
struct ClaimInput {
  const model::Evidence& evidence;
  const model::Summary& summary;
  const Classification& classification;
};

/// Collects what the claims need of every path, and judges them at the end. Loss makes every claim undecided.
class ClaimChecker {
 public:
  explicit ClaimChecker(std::vector<Claim> claims);
  void on_path(const model::Path& path);
  [[nodiscard]] std::vector<ClaimResult> judge(const ClaimInput& input);

 private:
  struct Pending {
    Claim claim;
    std::vector<std::uint64_t> durations_ns;  ///< of percentile claims
    std::uint64_t without = 0;                ///< paths on which one of its stages has no time
  };
  std::vector<Pending> pending_;
};

}  // namespace wp::judge
