// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Verdicts on the notes' claims: for people, as JSON by docs/schema/claims.json, and as Markdown.
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "userspace/judge/settle.hpp"

namespace wp::judge {

/// One line a claim.
std::string catalogue_text(const Catalogue& catalogue);
/// One claim as the catalogue has it: the note's words, and how it will be settled.
std::string claim_text(const NoteClaim& claim);
nlohmann::ordered_json catalogue_json(const Catalogue& catalogue);

/// A verdict in a word or two: "confirmed", "refuted", "refuted in 1 of 2 parts", ...
std::string verdict_text(const Settled& settled);
std::string settled_text(const std::vector<Settled>& all, const std::vector<ControlRow>& controls);
nlohmann::ordered_json settled_json(const std::vector<Settled>& all, const Catalogue& catalogue, const Batch& batch);
std::string settled_markdown(const std::vector<Settled>& all, const Catalogue& catalogue, const Batch& batch);

/// Everything about one verdict, with requests that show it and what would have changed it.
std::string explanation(const Settled& settled, const Batch& batch);

/// Controls by what they are and what they were called, with the exact lower bound of being right.
std::string confusion_text(const std::vector<ControlRow>& rows);
std::string confusion_markdown(const std::vector<ControlRow>& rows);

}  // namespace wp::judge
