// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// The catalogue of claims (claims/*.toml): what the study notes say, and by which measurement each sentence is settled.
// Plain data in a closed vocabulary: what is not known here is an error when the file is read.
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "userspace/base/result.hpp"
#include "userspace/judge/claim.hpp"

namespace wp::judge {

/// One way to run something: a bundled server under a load, or a program that tries one mechanism again and again.
struct Arm {
  std::string id;
  std::string demo;   ///< of `wakepath demo list`; or
  std::string trial;  ///< "PROGRAM/NAME": what wakepath-trials-PROGRAM does under that name
  bool trace = true;  ///< false: no recorder, what it costs is what it costs by itself
  std::uint64_t connections = 1, requests = 0, rate = 0, interval_us = 0, pipeline = 1, idle = 0;
  bool reconnect = false;
  std::uint64_t trials = 0;             ///< of `trial`: how often
  std::uint64_t quiet_ms = 0;           ///< after the load: connections are open, and nothing is sent on them
  std::uint64_t quiet_connections = 0;  ///< so many
  std::uint64_t early_ms = 0;           ///< before the load: the same without a connection
  bool memory = false;                  ///< besides: what an idle connection costs it
  bool unanswered = false;   ///< two requests at once on one of the quiet connections, and no read of the echo
  std::string control;       ///< the class that it is by construction; empty: it is no control
  std::string built;         ///< its architecture by construction
  bool always = false;       ///< a control that every batch has
  bool matrix_only = false;  ///< a control of `claims controls`, and of no batch: no claim is about such a server
};

enum class Statistic : std::uint8_t {
  kShare,  ///< hits of trials over all runs: exact bounds, one-sided 95 %
  kEach,   ///< the quantity of every run by itself: least and largest
  kRatio,  ///< subject through baseline, run by run: exact signed-rank interval, 99.95 %
  kClass,  ///< the share of runs that were given the word `equals`: all or none decide
};

struct Bound {
  Comparison comparison = Comparison::kAtLeast;
  double threshold = 0;
  std::string text;  ///< as written
};
[[nodiscard]] bool holds(const Bound& bound, double number);

/// One reading of a sentence that a number can settle.
struct Part {
  std::string says;                  ///< what is seen where the sentence is right
  std::vector<std::string> subject;  ///< arms; the sentence must hold for all of them
  std::string baseline;              ///< arm, of a ratio
  Statistic statistic = Statistic::kShare;
  std::string quantity;
  std::string equals;                ///< of kClass
  Bound confirm, refute;             ///< with a gap between them
  std::uint64_t least = 0;           ///< samples of a share without which nothing is said
  std::optional<double> contention;  ///< the largest share of its time that a subject may have waited for a CPU
  bool witnesses = false;            ///< wait queue and system call must agree on how it waited
  std::string not_applicable;        ///< why, and where it would be measured; then it has none of the above
};

/// A sentence of a note, or one that is said of servers in general.
struct NoteClaim {
  std::string id;
  std::string note;  ///< "event-driven", "processes", "beyond"
  std::vector<std::uint64_t> lines;
  std::string korean, english;  ///< the note's words; `korean` is empty where there is no note
  std::string corrected;        ///< what the kernel does
  std::vector<std::string> functions, traps;
  std::string regime;
  std::uint64_t runs = 0;  ///< of each arm, fixed beforehand
  std::vector<Part> parts;
  std::string hash;  ///< of all that decides the verdict
};

struct Catalogue {
  std::vector<Arm> arms;
  std::vector<NoteClaim> claims;
  std::string hash;

  [[nodiscard]] const Arm* arm(const std::string& id) const;
  [[nodiscard]] const NoteClaim* claim(const std::string& id) const;
};

/// Name and text of each file. Unknown keys, words, arms and quantities are errors that name file and claim.
Result<Catalogue> parse_catalogue(const std::vector<std::pair<std::string, std::string>>& files);
/// The one this program was built with.
Result<Catalogue> bundled_catalogue();
/// Made by cmake/EmbedClaims.cmake: claims/*.toml.
std::vector<std::pair<std::string, std::string>> bundled_claim_files();

const char* statistic_name(Statistic statistic);  ///< "share", ...

}  // namespace wp::judge
