// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include "userspace/base/text.hpp"
#include "userspace/judge/settle_output.hpp"
#include "userspace/judge/settle_words.hpp"

namespace wp::judge {

namespace {

std::string list_of(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

std::string part_head(const SettledPart& p) {
  std::string text = fmt::format("  {:<14} {}\n", verdict_name(p.verdict), p.part->says);
  if (!p.part->not_applicable.empty()) return text + fmt::format("  {:<14} {}\n", "", p.part->not_applicable);
  const std::string number = measured_words(p);
  text += fmt::format("  {:<14} {}{}\n", "", what_is_measured(*p.part), number.empty() ? "" : ": " + number);
  if (!p.why.empty()) text += fmt::format("  {:<14} {}\n", "", printable(p.why));
  return text;
}

std::string indented(const std::string& text) {
  std::string all;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    all += "    " + text.substr(at, end - at) + '\n';
    at = end + 1;
  }
  return all;
}

/// Of the first subject that has some.
std::string requests_of(const SettledPart& part, const Batch& batch) {
  for (const std::string& arm : part.part->subject) {
    std::string text;
    bool contrary = false;
    for (const ArmRun* run : batch.of(arm)) {
      for (const Shown& shown : run->shown) {
        text += fmt::format("\n  {} request of {}\n\n{}", shown.which, arm, indented(shown.text));
        contrary = contrary || shown.which == "contrary";
      }
    }
    if (!text.empty())
      return text + (contrary ? "" : "\n  no contrary request: none found its reader asleep and left it so\n");
  }
  return "";
}

}  // namespace

std::string catalogue_text(const Catalogue& catalogue) {
  std::string text;
  for (const NoteClaim& claim : catalogue.claims) {
    std::size_t here = 0;
    for (const Part& part : claim.parts) here += part.not_applicable.empty();
    const std::string kind = here ? fmt::format("{} part{}", here, here == 1 ? "" : "s") : "not here";
    text += fmt::format("{:<8} {:<8} {}\n", claim.id, kind, claim.english);
  }
  return text;
}

std::string claim_text(const NoteClaim& claim) {
  std::string text = fmt::format("{}  {}  ({})\n", claim.id, claim.hash, source_words(claim));
  if (!claim.korean.empty()) text += fmt::format("  {}\n", claim.korean);
  text += fmt::format("  \"{}\"\n\n", claim.english);
  for (const Part& part : claim.parts) {
    text += "  - " + part.says + "\n";
    if (!part.not_applicable.empty()) {
      text += "    not applicable: " + part.not_applicable + "\n";
      continue;
    }
    text += fmt::format("    {} by {}; confirmed {}, refuted {}\n", what_is_measured(part),
                        statistic_name(part.statistic), part.confirm.text, part.refute.text);
  }
  if (claim.runs) text += fmt::format("\n  runs of each: {}\n", claim.runs);
  text += "  regime: " + claim.regime + "\n";
  if (!claim.traps.empty()) text += "  traps: " + list_of(claim.traps) + "\n";
  return text + "\n  corrected: " + claim.corrected + "\n  in the kernel: " + list_of(claim.functions) + "\n";
}

std::string verdict_text(const Settled& settled) {
  const std::string word = verdict_name(settled.verdict);
  const std::size_t decided = settled.parts.size() - settled.count(Verdict::kNotApplicable);
  if (settled.verdict == Verdict::kRefuted && settled.count(Verdict::kRefuted) < decided)
    return fmt::format("refuted in {} of {} parts", settled.count(Verdict::kRefuted), decided);
  return word == "not_applicable" ? "not applicable" : word;
}

std::string settled_text(const std::vector<Settled>& all, const std::vector<ControlRow>& controls) {
  std::string text;
  std::map<Verdict, std::size_t> counts;
  for (const Settled& s : all) {
    ++counts[s.verdict];
    text += fmt::format("{}  {}: \"{}\"\n", s.claim->id, verdict_text(s), s.claim->english);
    for (const SettledPart& part : s.parts) text += part_head(part);
  }
  const std::string broken = broken_control(controls);
  text += fmt::format("\n{} confirmed, {} refuted, {} undecided, {} not applicable\n", counts[Verdict::kConfirmed],
                      counts[Verdict::kRefuted], counts[Verdict::kUndecided], counts[Verdict::kNotApplicable]);
  std::uint64_t runs = 0;
  for (const ControlRow& row : controls) runs += row.runs - row.failed;
  return text + (broken.empty() ? fmt::format("controls: {} runs of {}, all judged right\n", runs, controls.size())
                                : "UNTRUSTED: " + broken + "\n");
}

std::string explanation(const Settled& settled, const Batch& batch) {
  const NoteClaim& claim = *settled.claim;
  std::string text = fmt::format("{}  {}  ({})\n", claim.id, verdict_text(settled), source_words(claim));
  if (!claim.korean.empty()) text += fmt::format("  {}\n", claim.korean);
  text += fmt::format("  \"{}\"\n\nwhat holds instead, or more exactly\n  {}\n  in the kernel: {}\n", claim.english,
                      claim.corrected, list_of(claim.functions));
  for (const SettledPart& part : settled.parts) {
    text += "\n" + part_head(part);
    text += fmt::format("  {:<14} it would be {}\n", "", what_would_change(part));
    for (const Gate& gate : part.gates)
      text += fmt::format("  {:<14} gate {}{}: {}\n", "", gate.name, gate.holds ? "" : " DOES NOT HOLD",
                          printable(gate.why));
  }
  text += fmt::format("\nthis holds for: kernel {}, {}\n", printable(batch.kernel), claim.regime);
  for (const std::string& trap : claim.traps) text += "  mind: " + trap + "\n";
  for (const SettledPart& part : settled.parts) {
    const std::string requests = requests_of(part, batch);
    if (requests.empty()) continue;
    return text + requests;
  }
  return text;
}

std::string confusion_text(const std::vector<ControlRow>& rows) {
  std::string text =
      fmt::format("{:<24} {:<14} {:<24} {:>5}  {:>8}  {}\n", "control", "is", "built", "right", "at least", "called");
  for (const ControlRow& row : rows) {
    std::string called;
    for (const auto& [word, runs] : row.called)
      called += fmt::format("{}{} {}", called.empty() ? "" : ", ", word, runs);
    if (row.right + row.failed < row.runs)
      for (const auto& [word, runs] : row.called_built) called += fmt::format(", {} {}", word, runs);
    if (row.failed) called += fmt::format(", not judged {}", row.failed);
    const Share share = row.share();
    text += fmt::format("{:<24} {:<14} {:<24} {:>2}/{:<2}  {:>6.1f} %  {}\n", row.arm, row.is,
                        row.built.empty() ? "-" : row.built, share.hits, share.of, 100 * share.lower(), called);
  }
  const std::string broken = broken_control(rows);
  return text + confusion_sum(rows) + "\n" +
         (broken.empty() ? "every control is called what it is\n" : "UNTRUSTED: " + broken + "\n");
}

}  // namespace wp::judge
