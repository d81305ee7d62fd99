// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Moves records from the rings into a recording, and does nothing else with them: the analysis is
// made later, from the file, by anyone. The loop is one thread with a timer, because a wake-up per
// record would cost more than the record, and would be an event of its own on the machine watched.
#include <array>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "userspace/base/result.hpp"
#include "userspace/capture/probes.hpp"
#include "userspace/event/record_sink.hpp"

namespace wp::capture {

/// What wp_detail says.
struct DetailChange {
  std::uint64_t begin_ns = 0, at_ns = 0;  ///< CLOCK_MONOTONIC; 0: from the start
  wp_detail_level from = WP_DETAIL_path, to = WP_DETAIL_path;
  std::uint32_t sample = 1;
  wp_detail_why why = WP_DETAIL_WHY_asked;
  std::uint32_t used_ppm = 0, budget_ppm = 0;
};

class Recorder {
 public:
  Recorder(Probes& probes, const KernelFacts& facts);
  /// Before the first turn.
  void write_to(event::RecordSink& writer) { writer_ = &writer; }

  using Counts = std::array<std::uint64_t, WP_OUTCOMES>;  ///< of one hook on one CPU, by wp_outcome

  /// One look at every ring, before there is anything to write to: what is in them is kept for the first turn.
  void take();
  /// One look at every ring. Names and counters are added as they come due.
  Result<void> turn();
  /// After the programs are detached: the rest of the rings and the final books.
  Result<void> finish();
  /// Written with the next turn: every recording begins with one.
  void note_detail(const DetailChange& change);
  /// How long to wait before the next turn, by how full the rings were.
  [[nodiscard]] unsigned pause_us() const { return pause_us_; }

  [[nodiscard]] std::uint64_t received() const { return received_; }
  /// Records that found no room, so far.
  [[nodiscard]] std::uint64_t lost() const;

 private:
  struct RingBooks {
    std::uint64_t received = 0, peak = 0;
  };
  template <typename Record>
  Record& add(std::uint64_t now_ns);
  /// How long until the next look, by how much the fullest ring had in it.
  unsigned pause_for(std::size_t fullest, std::uint64_t now_ns);
  bool drain(std::uint64_t now_ns);
  void name_addresses(std::size_t from);
  void name_symbol(std::uint64_t address, std::uint64_t now_ns);
  void add_name(std::uint32_t space, std::uint64_t key, const std::string& name, std::uint64_t now_ns);
  void add_static_names();
  void add_counters(std::uint32_t hook, std::uint32_t cpu, const Counts& counts, std::uint64_t now_ns);
  /// Of which hooks the kernel is asked what it left out: a system call each.
  enum class Missed {
    kOfThoseThatRan,
    kOfAll
  };
  void add_books(std::uint64_t now_ns, Missed which);
  Result<void> hand_over();

  Probes& probes_;
  const KernelFacts& facts_;
  event::RecordSink* writer_ = nullptr;
  std::vector<std::byte> buffer_;
  std::vector<RingBooks> rings_;
  std::vector<std::array<Counts, WP_HOOK_count>> last_books_;
  std::array<std::uint64_t, WP_HOOK_count> missed_{};
  std::set<std::uint64_t> named_symbols_;
  std::set<std::uint32_t> named_reasons_;
  std::uint64_t received_ = 0, received_by_books_ = 0, received_by_flush_ = 0;
  std::uint64_t last_flush_ns_ = 0, last_work_ns_ = 0;
  unsigned pause_us_ = 10'000;
  bool started_ = false;
};

}  // namespace wp::capture
