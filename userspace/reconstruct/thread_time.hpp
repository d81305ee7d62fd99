// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Where the time of each thread went, and how much of it fell into stretches without arrivals for its process.
#include <cstdint>
#include <map>
#include <vector>

#include "userspace/model/evidence.hpp"

namespace wp::reconstruct {

/// Stretches in which nothing arrived for a process. They become known from the left to the right.
class QuietStretches {
 public:
  /// Shorter ones may be the pause between two requests of one client.
  static constexpr std::uint64_t kLeastNs = 10'000'000;
  /// What an arrival leads to is over by then.
  static constexpr std::uint64_t kSettleNs = 2'000'000;

  struct Stretch {
    std::uint64_t from_ns, to_ns;
  };

  void begin(std::uint64_t ns) {
    if (!last_ns_) last_ns_ = ns;
  }
  void on_arrival(std::uint64_t ns);
  [[nodiscard]] const std::vector<Stretch>& all() const { return stretches_; }
  /// What lies before this is known.
  [[nodiscard]] std::uint64_t known_until_ns() const { return last_ns_; }
  [[nodiscard]] std::uint64_t total_ns() const;

 private:
  std::vector<Stretch> stretches_;
  std::uint64_t last_ns_ = 0;
};

/// One thread's time. Pieces that lie before the last arrival of its process are summed up and forgotten, so that
/// memory follows the length of a stretch, not that of the recording.
class ThreadTime {
 public:
  enum class State : std::uint8_t {
    kRun,
    kQueue,
    kSleep
  };
  void add(State state, std::uint64_t from_ns, std::uint64_t to_ns, const QuietStretches& quiet);
  /// Sum up what is left; call once, at the end.
  void settle(const QuietStretches& quiet);

  [[nodiscard]] const model::Spent& all() const { return all_; }
  [[nodiscard]] const model::Spent& idle() const { return idle_; }

 private:
  struct Piece {
    std::uint64_t from_ns, to_ns;
    State state;
  };
  void fold(const QuietStretches& quiet, std::uint64_t upto_ns);

  static constexpr std::size_t kPiecesKept = 4096;

  std::vector<Piece> pieces_;
  std::size_t fold_at_ = kPiecesKept;
  std::size_t stretch_ = 0;  // the first that may still matter
  model::Spent all_, idle_;
};

}  // namespace wp::reconstruct
