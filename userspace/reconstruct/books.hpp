// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// The recorder's books: what became of every firing of every hook on every CPU, and of every record. From them, and
// from the records that are really in the file, it is worked out again here whether anything is unaccounted for.
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "bpf/wire/events.h"
#include "userspace/event/event.hpp"
#include "userspace/model/model.hpp"

namespace wp::reconstruct {

class Books {
 public:
  /// A hook that the kernel did not let fire, between two looks at it: its stage may be missing where it has no time.
  struct Missed {
    model::Stage stage;
    std::uint64_t from_ns, to_ns;
  };

  void on(const wp_counters& r);
  void on(const wp_ring& r);
  /// Each record of the file, in order of time.
  void count(const wp_header& h);

  [[nodiscard]] bool has_rings() const { return !rings_.empty(); }
  /// The latest, no more than a few thousand.
  [[nodiscard]] const std::vector<Missed>& missed() const { return missed_; }
  /// Numbers taken on a CPU after its last record in the file: a hole that no later record shows.
  [[nodiscard]] std::vector<event::Loss> tails() const;
  /// Summed over CPUs, by WP_HOOK_*.
  [[nodiscard]] std::map<std::uint32_t, model::HookUse> hook_counts() const;
  /// `in_gaps`: how many numbers were found missing.
  [[nodiscard]] model::Books close(std::uint64_t in_gaps) const;

 private:
  struct InFile {
    std::uint64_t records = 0, last_seq = 0, last_ns = 0;
  };
  struct Lost {
    std::uint64_t from_ns = 0, to_ns = 0;
  };
  void note_lost(const wp_counters& r, std::uint64_t before, std::uint64_t now);
  [[nodiscard]] std::uint64_t hooks_difference() const;
  [[nodiscard]] std::uint64_t rings_difference() const;

  using Place = std::pair<std::uint32_t, std::uint32_t>;  // hook, CPU
  std::map<Place, wp_counters> counters_;
  std::map<Place, Lost> lost_;
  std::map<std::uint32_t, wp_ring> rings_;
  std::vector<InFile> in_file_;  // by CPU
  std::vector<Missed> missed_;
  std::uint64_t last_ns_ = 0;  // when the books were written before these
};

}  // namespace wp::reconstruct
