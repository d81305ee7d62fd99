// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
#include <string>

namespace wp::test {

enum class Documents {
  kOnePerLine,
  kOne
};

struct Verdict {
  bool is_checked = false;  ///< false: this machine has no python3-jsonschema
  std::string complaints;   ///< empty where all is well
};

/// Validates against docs/schema/NAME.json.
Verdict validate(const std::string& documents, const std::string& name, Documents how);

}  // namespace wp::test
