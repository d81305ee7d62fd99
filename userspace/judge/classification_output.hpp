// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// A classification for people, and as JSON by docs/schema/classify.json.
#include <nlohmann/json.hpp>
#include <string>

#include "userspace/judge/classifier.hpp"

namespace wp::judge {

std::string classification_text(const Classification& c);
nlohmann::ordered_json classification_json(const Classification& c);

}  // namespace wp::judge
