// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Finds numbers that are missing on a CPU. Each CPU numbers its records 1, 2, 3 ... before it knows whether the
// ring has room, so a lost record leaves a hole, and its neighbours tell when it was lost.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "userspace/event/event.hpp"

namespace wp::stream {

/// What sorting needs of a record; its bytes stay where they are.
struct RecordKey {
  std::uint64_t ts_ns;
  std::uint64_t seq;
  std::uint32_t at;  ///< offset of its bytes, in units of 8
  std::uint16_t cpu;
  std::uint16_t kind;

  /// Only probes number their records; 0 is no number.
  [[nodiscard]] bool is_numbered() const { return kind < WP_KIND_first_of_collector && seq != 0; }
};
static_assert(sizeof(RecordKey) == 24);

/// A loss and its place: before the first event that is not earlier.
struct PlacedLoss {
  std::uint64_t at_ns;
  event::Loss loss;
};

class HoleFinder {
 public:
  /// Judges holes both neighbours of which are earlier than `limit_ns`. `batch`: what is passed on now, earlier
  /// than `limit_ns`, in order. `ahead`: what waits; of it counts what is earlier than `horizon_ns`, because only
  /// that is sure to have arrived whole.
  void find(std::span<const RecordKey> batch, std::span<const RecordKey> ahead, std::uint64_t limit_ns,
            std::uint64_t horizon_ns, std::vector<PlacedLoss>& out);

  /// Holes between these times are to be blamed on this rather than on a full ring.
  void blame(std::uint64_t from_ns, std::uint64_t to_ns, event::Loss::Why why);

  [[nodiscard]] std::uint64_t lost() const { return lost_; }
  [[nodiscard]] std::uint64_t repeated() const { return repeated_; }

 private:
  // Consecutive numbers that are accounted for.
  struct Run {
    std::uint64_t first, last;
    std::uint64_t ts_ns;
    bool is_ahead;  // arrived, but not passed on yet: it will be shown again
  };
  struct Cpu {
    std::uint64_t next = 1;           // every number below is accounted for
    std::uint64_t next_after_ns = 0;  // time of the record before it
    std::vector<Run> open;  // accounted for, from `next` on: empty unless something is missing or out of order
    bool is_open = false;   // stands in open_cpus_
  };
  struct Blame {
    std::uint64_t from_ns, to_ns;
    event::Loss::Why why;
  };

  Cpu& cpu_of(const RecordKey& key);
  void account(const RecordKey& key);
  void judge(std::uint16_t number, std::uint64_t limit_ns, std::vector<PlacedLoss>& out);
  event::Loss make_loss(std::uint16_t cpu, std::uint64_t from_ns, std::uint64_t to_ns, std::uint64_t count);

  std::vector<Cpu> cpus_;
  std::vector<std::uint16_t> open_cpus_;
  std::vector<Run> runs_;  // scratch of judge()
  std::vector<Blame> blames_;
  std::uint64_t lost_ = 0;
  std::uint64_t repeated_ = 0;
};

}  // namespace wp::stream
