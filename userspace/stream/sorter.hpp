// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Brings records into the order in which they happened: by (ts_ns, cpu, seq), whatever order the rings were
// emptied in.
//
// How it knows that nothing earlier can follow: by the watermark records, not by a window of a guessed
// length. Holes in the numbers of a CPU are judged one watermark later still, because a nested interrupt may
// take a later number and an earlier time than the record it interrupted. So what is between the last two
// watermarks waits in memory, and no more.
//
// What is missing comes as a Loss in its place, before the first event behind the gap:
//   kRingFull     numbers missing on one CPU: from_ns and to_ns are the times of its neighbours
//   kDamaged      a damaged piece of the file (all CPUs, count 0, to_ns ~0: to the end), and the numbers
//                 missing around it (one CPU, with count)
//   kUndecodable  the same for bytes that are no record
//   kLate         records that came after a watermark had promised there would be none: they follow out of
//                 order, nothing is missing (count 0); to_ns is the time they should have come before
//
// The same records give the same output in every arrival order that keeps to their watermarks.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "userspace/event/decode.hpp"
#include "userspace/event/event_sink.hpp"
#include "userspace/stream/hole_finder.hpp"

namespace wp::stream {

struct SorterCounts {
  std::uint64_t events = 0;         ///< passed on, Loss not counted
  std::uint64_t unknown_kinds = 0;  ///< of a newer minor version, left out
  std::uint64_t undecodable_bytes = 0;
  std::uint64_t late = 0;               ///< events passed on out of order
  std::uint64_t repeated = 0;           ///< events whose number was there before, or was taken for lost
  std::uint64_t lost = 0;               ///< records missing by their numbers
  std::uint64_t damaged = 0;            ///< calls of damaged()
  std::uint64_t without_watermark = 0;  ///< times that memory ran short of watermarks; records may come late
};

class Sorter {
 public:
  explicit Sorter(event::EventSink& sink) : sink_(sink) {}
  Sorter(const Sorter&) = delete;
  Sorter& operator=(const Sorter&) = delete;

  /// Whole records in the order of the recording. They are copied.
  void feed(event::Bytes records);
  /// Here stood records that can't be read; their times lie in between. 0: from the start, ~0: to the end.
  void damaged(std::uint64_t from_ns, std::uint64_t to_ns);
  /// Passes on everything that waits, and ends the sink.
  void end();

  [[nodiscard]] const SorterCounts& counts() const { return counts_; }

 private:
  void missing(std::uint64_t from_ns, std::uint64_t to_ns, event::Loss::Why why);
  void take(const event::RawRecord& record, std::size_t arena_offset);
  void advance(std::uint64_t watermark_ns);
  void release(std::uint64_t limit_ns, std::uint64_t horizon_ns);
  void split_off_batch(std::uint64_t limit_ns);
  void sort_batch();
  void note_late();
  void pass_on(std::uint64_t limit_ns);
  void compact();
  [[nodiscard]] event::RawRecord record_of(const RecordKey& key) const;
  [[nodiscard]] bool is_before(const RecordKey& a, const RecordKey& b) const;
  [[nodiscard]] bool is_before_at_once(const RecordKey& a, const RecordKey& b) const;

  event::EventSink& sink_;
  std::vector<std::byte> arena_;  // bytes of what waits; keys point into it
  std::vector<std::byte> spare_;
  std::vector<RecordKey> waiting_;  // in order of arrival
  std::vector<RecordKey> batch_;    // what is passed on next
  std::vector<RecordKey> merged_;   // scratch of sort_batch(), as is the next
  std::vector<std::size_t> pieces_;
  event::Event event_;              // the one being passed on
  std::vector<PlacedLoss> losses_;  // not yet passed on
  HoleFinder holes_;
  std::uint64_t watermark_ns_ = 0;  // the last one
  std::uint64_t passed_ns_ = 0;     // everything earlier has been passed on
  std::uint64_t greatest_ns_ = 0;   // time seen
  SorterCounts counts_;
};

}  // namespace wp::stream
