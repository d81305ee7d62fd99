// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Where a command's data goes, and how it looks there.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "userspace/base/exit_code.hpp"
#include "userspace/base/result.hpp"
#include "userspace/report/format.hpp"

namespace wp::cli {

/// Adds --color auto|always|never to a command; `choice` must outlive the parsing.
void add_color_option(CLI::App& command, std::string& choice);

/// For text on stdout: colour by `color_choice`, then NO_COLOR, CLICOLOR_FORCE, TERM and whether it is a terminal;
/// width by COLUMNS or the terminal, else 100; UTF-8 by the locale's variables.
report::Style stdout_style(const std::string& color_choice);

/// A file, or stdout for an empty name and "-". Data is written as it comes.
class Output {
 public:
  /// A closed stdout must end the program quietly: after this, writing to it fails instead of killing.
  static Result<Output> open(const std::string& name);

  /// False once nobody reads any more, or the disk is full: the caller may stop early.
  bool write(std::string_view data);
  /// Must be called at the end: tells what went wrong. A reader who left is no error.
  Result<void> finish();

 private:
  struct Closer {
    void operator()(std::FILE* file) const;
  };
  Output(std::unique_ptr<std::FILE, Closer> file, std::string name) : file_(std::move(file)), name_(std::move(name)) {}

  std::unique_ptr<std::FILE, Closer> file_;
  std::string name_;
  int error_ = 0;
};

/// Writes "wakepath: ..." to stderr and gives the exit status.
int fail(const Error& error);
/// The same for a result: kDone where it holds.
int status_of(const Result<void>& result);

/// kDataLost and a message where more events were lost than --max-loss allows, else kDone. `allowed` < 0: no limit.
int loss_status(std::uint64_t lost, std::int64_t allowed);
void add_max_loss_option(CLI::App& command, std::int64_t& allowed);

}  // namespace wp::cli
