// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What classify and check look at: a recording there is, or one made for them.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "userspace/base/result.hpp"
#include "userspace/cli/pipeline.hpp"
#include "userspace/model/evidence.hpp"

namespace wp::cli {

class JudgeSource {
 public:
  JudgeSource();
  ~JudgeSource();
  JudgeSource(const JudgeSource&) = delete;
  JudgeSource& operator=(const JudgeSource&) = delete;

  /// FILE or the target options; this must outlive the parsing.
  void add_options(CLI::App& sub);

  struct Judged {
    Analysis analysis;
    model::Evidence evidence;
  };
  /// Records where a target was named (10 s unless -d says otherwise), then reads the recording.
  Result<Judged> read(const std::function<void(const model::Path&)>& sink);

 private:
  Result<std::string> recording();

  struct Typed;
  std::unique_ptr<Typed> typed_;
  std::string file_, keep_;
};

}  // namespace wp::cli
