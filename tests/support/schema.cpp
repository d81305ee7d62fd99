// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/schema.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace wp::test {

Verdict validate(const std::string& documents, const std::string& name, Documents how) {
  char scratch[] = "/tmp/wp_schema_XXXXXX";
  const int fd = mkstemp(scratch);
  if (fd < 0) return {true, "no room for a temporary file"};
  close(fd);
  std::ofstream(scratch, std::ios::binary) << documents;
  const std::string root = WP_SOURCE_DIR;
  const std::string command = "python3 '" + root + "/tests/support/validate_json.py' " +
                              (how == Documents::kOne ? "--whole " : "") + "'" + root + "/docs/schema/" + name +
                              ".json' < " + scratch + " > " + scratch + ".out 2>&1";
  const int status = std::system(command.c_str());
  std::stringstream said;
  said << std::ifstream(std::string(scratch) + ".out").rdbuf();
  std::filesystem::remove(scratch);
  std::filesystem::remove(std::string(scratch) + ".out");
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  return {code != 77, code == 0 ? "" : "exit " + std::to_string(code) + ": " + said.str()};
}

}  // namespace wp::test
