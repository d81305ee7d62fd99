// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/cli/output.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "userspace/base/text.hpp"

namespace wp::cli {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

bool wants_color(const std::string& choice) {
  if (choice != "auto") return choice == "always";
  if (!variable("NO_COLOR").empty()) return false;
  const std::string_view force = variable("CLICOLOR_FORCE");
  if (!force.empty() && force != "0") return true;
  return isatty(STDOUT_FILENO) == 1 && variable("TERM") != "dumb";
}

std::size_t text_columns() {
  const std::string_view columns = variable("COLUMNS");
  std::size_t width = 0;
  std::from_chars(columns.data(), columns.data() + columns.size(), width);
  if (width > 0) return width;
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return report::Style{}.width;
}

// The first of the three that is set decides, as in setlocale(3).
bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    std::string value(variable(name));
    if (value.empty()) continue;
    std::transform(value.begin(), value.end(), value.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
  }
  return false;
}

}  // namespace

void add_color_option(CLI::App& command, std::string& choice) {
  choice = "auto";
  command.add_option("--color", choice, "colour the text: auto, always, never")
      ->check(CLI::IsMember({"auto", "always", "never"}));
}

report::Style stdout_style(const std::string& color_choice) {
  report::Style style;
  style.color = wants_color(color_choice);
  style.width = text_columns();
  style.utf8 = locale_is_utf8();
  return style;
}

void Output::Closer::operator()(std::FILE* file) const {
  if (file != stdout) std::fclose(file);
}

Result<Output> Output::open(const std::string& name) {
  std::signal(SIGPIPE, SIG_IGN);
  if (name.empty() || name == "-") return Output(std::unique_ptr<std::FILE, Closer>(stdout), "stdout");
  std::FILE* file = std::fopen(name.c_str(), "we");
  if (file == nullptr) {
    return Error{ExitCode::kError, fmt::format("cannot write {}: {}; choose another place with -o", in_quotes(name),
                                               std::strerror(errno))};
  }
  return Output(std::unique_ptr<std::FILE, Closer>(file), in_quotes(name));
}

bool Output::write(std::string_view data) {
  if (error_ == 0 && std::fwrite(data.data(), 1, data.size(), file_.get()) != data.size()) error_ = errno;
  return error_ == 0;
}

Result<void> Output::finish() {
  if (error_ == 0 && std::fflush(file_.get()) != 0) error_ = errno;
  if (error_ == 0 || error_ == EPIPE) return {};
  return Error{ExitCode::kError,
               fmt::format("cannot write {}: {}; what is there is cut off", name_, std::strerror(error_))};
}

int fail(const Error& error) {
  std::fprintf(stderr, "wakepath: %s\n", error.message.c_str());
  return static_cast<int>(error.code);
}

int status_of(const Result<void>& result) { return result ? static_cast<int>(ExitCode::kDone) : fail(result.error()); }

void add_max_loss_option(CLI::App& command, std::int64_t& allowed) {
  allowed = -1;
  command.add_option("--max-loss", allowed, "exit with 6 when more events than this were lost")
      ->check(CLI::NonNegativeNumber);
}

int loss_status(std::uint64_t lost, std::int64_t allowed) {
  if (allowed < 0 || lost <= static_cast<std::uint64_t>(allowed)) return static_cast<int>(ExitCode::kDone);
  return fail({ExitCode::kDataLost,
               fmt::format("{} events were lost, more than the {} allowed; record fewer targets or a larger buffer",
                           lost, allowed)});
}

}  // namespace wp::cli
