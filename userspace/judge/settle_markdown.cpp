// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include "userspace/base/text.hpp"
#include "userspace/judge/settle_output.hpp"
#include "userspace/judge/settle_words.hpp"

namespace wp::judge {

namespace {

std::string cell(const std::string& text) {
  std::string out;
  for (const char c : printable(text)) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

std::string section(const Settled& s) {
  const NoteClaim& claim = *s.claim;
  std::string text = fmt::format("### {}: {}\n\n", claim.id, verdict_text(s));
  text += fmt::format("> {}{}  \n> — {}\n\n", claim.korean.empty() ? "" : claim.korean + "  \n> ", claim.english,
                      source_words(claim));
  text += claim.corrected;
  std::string functions;
  for (const std::string& function : claim.functions)
    functions += fmt::format("{}`{}`", functions.empty() ? "" : ", ", function);
  text += functions.empty() ? "\n\n" : fmt::format(" In the kernel: {}.\n\n", functions);
  for (const SettledPart& p : s.parts) {
    text +=
        fmt::format("- **{}** — {}", p.verdict == Verdict::kNotApplicable ? "not applicable" : verdict_name(p.verdict),
                    p.part->says);
    if (!p.part->not_applicable.empty()) {
      text += fmt::format(" {}\n", p.part->not_applicable);
      continue;
    }
    const std::string number = measured_words(p);
    text += fmt::format("  \n  `{}`{}; confirmed {}, refuted {}.", what_is_measured(*p.part),
                        number.empty() ? "" : ": **" + number + "**", p.part->confirm.text, p.part->refute.text);
    if (!p.why.empty()) text += " " + cell(p.why) + ".";
    text += "\n";
  }
  text += fmt::format("\nRegime: {}.", claim.regime);
  for (const std::string& trap : claim.traps) text += fmt::format(" Mind: {}.", trap);
  return text + fmt::format(" Rule `{}`.\n\n", claim.hash);
}

}  // namespace

std::string confusion_markdown(const std::vector<ControlRow>& rows) {
  std::string text = "| control | is | built | right | at least | called |\n|---|---|---|---|---|---|\n";
  for (const ControlRow& row : rows) {
    const Share share = row.share();
    std::string called;
    for (const auto& [word, runs] : row.called)
      called += fmt::format("{}{} {}", called.empty() ? "" : ", ", word, runs);
    if (row.failed) called += fmt::format(", not judged {}", row.failed);
    text += fmt::format("| {} | {} | {} | {} of {} | {:.1f} % | {} |\n", row.arm, row.is,
                        row.built.empty() ? "-" : row.built, share.hits, share.of, 100 * share.lower(), called);
  }
  return text + "\n" + confusion_sum(rows) + "\n";
}

std::string settled_markdown(const std::vector<Settled>& all, const Catalogue& catalogue, const Batch& batch) {
  std::map<Verdict, std::size_t> counts;
  for (const Settled& s : all) ++counts[s.verdict];
  const auto rows = confusion(catalogue, batch);
  const std::string broken = broken_control(rows);
  std::string text = fmt::format(
      "# What the notes claim, settled\n\nMade by `wakepath claims run --all`: kernel {}, {} CPUs, {} runs in {:.0f} "
      "s, "
      "catalogue `{}`.\nHow to read it: [claims-how.md](claims-how.md).\n\n",
      printable(batch.kernel), batch.cpus, batch.runs.size(), batch.seconds, printable(batch.catalogue_hash));
  text += fmt::format("**{} confirmed, {} refuted (in part or whole), {} undecided, {} not applicable here.** {}\n\n",
                      counts[Verdict::kConfirmed], counts[Verdict::kRefuted], counts[Verdict::kUndecided],
                      counts[Verdict::kNotApplicable],
                      broken.empty() ? "Every control was judged right." : "UNTRUSTED: " + broken + ".");
  text += "| claim | verdict | the note says |\n|---|---|---|\n";
  for (const Settled& s : all)
    text += fmt::format("| {} | {} | {} |\n", s.claim->id, verdict_text(s), cell(s.claim->english));
  text += "\n## Controls\n\n" + confusion_markdown(rows) + "\n## Claim by claim\n\n";
  for (const Settled& s : all) text += section(s);
  return text;
}

}  // namespace wp::judge
