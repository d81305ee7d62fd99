// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// While it lives, the first SIGINT or SIGTERM is noted instead of ending us, so that what we started and made can be
// cleared away; the second ends us at once. One at a time.
#include <array>
#include <csignal>

namespace wp::cli {

class InterruptScope {
 public:
  InterruptScope() {
    struct sigaction note {};
    note.sa_handler = [](int) { requested_ = 1; };
    note.sa_flags = static_cast<int>(SA_RESETHAND);
    sigemptyset(&note.sa_mask);
    requested_ = 0;
    for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &note, &before_[i]);
  }
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;
  ~InterruptScope() {
    for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before_[i], nullptr);
  }

  static bool requested() { return requested_ != 0; }

 private:
  static constexpr std::array kSignals{SIGINT, SIGTERM};
  static inline volatile std::sig_atomic_t requested_ = 0;
  std::array<struct sigaction, kSignals.size()> before_{};
};

}  // namespace wp::cli
