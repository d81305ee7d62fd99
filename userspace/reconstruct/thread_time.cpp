// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/reconstruct/thread_time.hpp"

#include <algorithm>

namespace wp::reconstruct {

namespace {

std::uint64_t& part_of(model::Spent& spent, ThreadTime::State state) {
  switch (state) {
    case ThreadTime::State::kRun: return spent.run_ns;
    case ThreadTime::State::kQueue: return spent.queue_ns;
    case ThreadTime::State::kSleep: break;
  }
  return spent.sleep_ns;
}

}  // namespace

void QuietStretches::on_arrival(std::uint64_t ns) {
  if (ns <= last_ns_) return;
  if (last_ns_ && ns - last_ns_ >= kLeastNs) stretches_.push_back({last_ns_ + kSettleNs, ns});
  last_ns_ = ns;
}

std::uint64_t QuietStretches::total_ns() const {
  std::uint64_t sum = 0;
  for (const Stretch& s : stretches_) sum += s.to_ns - s.from_ns;
  return sum;
}

void ThreadTime::add(State state, std::uint64_t from_ns, std::uint64_t to_ns, const QuietStretches& quiet) {
  if (to_ns <= from_ns) return;
  part_of(all_, state) += to_ns - from_ns;
  pieces_.push_back({from_ns, to_ns, state});
  if (pieces_.size() < fold_at_) return;
  fold(quiet, quiet.known_until_ns());
  // In a long stretch nothing can be forgotten yet: not to look at all of them again with every piece.
  fold_at_ = std::max(kPiecesKept, 2 * pieces_.size());
}

void ThreadTime::settle(const QuietStretches& quiet) { fold(quiet, ~std::uint64_t{0}); }

void ThreadTime::fold(const QuietStretches& quiet, std::uint64_t upto_ns) {
  const auto& stretches = quiet.all();
  std::vector<Piece> later;
  for (const Piece& piece : pieces_) {
    const std::uint64_t end = std::min(piece.to_ns, upto_ns);
    if (piece.to_ns > upto_ns) later.push_back({std::max(piece.from_ns, upto_ns), piece.to_ns, piece.state});
    while (stretch_ < stretches.size() && stretches[stretch_].to_ns <= piece.from_ns) ++stretch_;
    for (std::size_t i = stretch_; i < stretches.size() && stretches[i].from_ns < end; ++i) {
      const std::uint64_t from = std::max(piece.from_ns, stretches[i].from_ns);
      const std::uint64_t to = std::min(end, stretches[i].to_ns);
      if (to > from) part_of(idle_, piece.state) += to - from;
    }
  }
  pieces_ = std::move(later);
}

}  // namespace wp::reconstruct
