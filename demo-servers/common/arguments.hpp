// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// The few lines the demo programs need around system calls: options, the clock, giving up.
// Header-only and without libraries, so that a demo program stays one file that can be read in one go.
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

namespace wp::demo {

[[noreturn]] inline void give_up(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::exit(1);
}

/// For a failed system call: adds what errno says.
[[noreturn]] inline void give_up_on_errno(const char* doing) {
  std::perror(doing);
  std::exit(1);
}

/// CLOCK_MONOTONIC, the clock of the recordings; no system call.
inline std::uint64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

/// Asked for once a thread: it would be one more system call in every request. fork_child() forgets it in the child.
inline thread_local std::uint32_t thread_id_once_asked = 0;
inline std::uint32_t thread_id() {
  if (thread_id_once_asked == 0) thread_id_once_asked = static_cast<std::uint32_t>(gettid());
  return thread_id_once_asked;
}

/// `--name value` pairs and `--name` flags. Ask for each option once, then call refuse_the_rest().
class Arguments {
 public:
  Arguments(int argc, char** argv) : words_(argv + 1, argv + argc) {}

  std::string text(std::string_view name, const std::string& otherwise) {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      if (words_[i] != name) continue;
      if (i + 1 == words_.size()) give_up(std::string(name) + " needs a value");
      std::string value = words_[i + 1];
      words_.erase(words_.begin() + static_cast<std::ptrdiff_t>(i),
                   words_.begin() + static_cast<std::ptrdiff_t>(i) + 2);
      return value;
    }
    return otherwise;
  }

  std::uint64_t number(std::string_view name, std::uint64_t otherwise, std::uint64_t least, std::uint64_t most) {
    const std::string value = text(name, std::to_string(otherwise));
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc{} || end != value.data() + value.size() || number < least || number > most) {
      give_up(std::string(name) + " takes a number from " + std::to_string(least) + " to " + std::to_string(most));
    }
    return number;
  }

  bool flag(std::string_view name) { return std::erase(words_, name) > 0; }

  void refuse_the_rest() const {
    if (!words_.empty()) give_up("unknown option '" + words_.front() + "'");
  }

 private:
  std::vector<std::string> words_;
};

}  // namespace wp::demo
