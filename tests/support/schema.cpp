// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/schema.hpp"

#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/support/temp_dir.hpp"

namespace wp::test {

Verdict validate(const std::string& documents, const std::string& name, Documents how) {
  const TempDir folder;
  const std::string given = folder.file("given"), printed = folder.file("printed");
  std::ofstream(given, std::ios::binary) << documents;
  const std::string root = WP_SOURCE_DIR;
  const std::string command = "python3 '" + root + "/tests/support/validate_json.py' " +
                              (how == Documents::kOne ? "--whole " : "") + "'" + root + "/docs/schema/" + name +
                              ".json' < '" + given + "' > '" + printed + "' 2>&1";
  const int status = std::system(command.c_str());
  std::stringstream said;
  said << std::ifstream(printed).rdbuf();
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  return {code != 77, code == 0 ? "" : "exit " + std::to_string(code) + ": " + said.str()};
}

}  // namespace wp::test
