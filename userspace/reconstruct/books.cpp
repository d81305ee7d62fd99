// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/reconstruct/books.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "userspace/event/decode.hpp"

namespace wp::reconstruct {
namespace {

constexpr std::size_t kMissedKept = 4096;

constexpr std::array kStageOfHook = {
#define WP_STAGE(number, name, tracepoint, stage, cost) std::string_view(stage),
    WP_HOOKS(WP_STAGE)
#undef WP_STAGE
};

std::optional<model::Stage> stage_of(std::uint32_t hook) {
  for (std::size_t i = 0; hook < kStageOfHook.size() && i < model::kStageCount; ++i) {
    const auto stage = static_cast<model::Stage>(i);
    if (kStageOfHook[hook] == model::stage_name(stage)) return stage;
  }
  return std::nullopt;  // accept, lineage and the like: no stage of a path
}

std::uint64_t apart(std::uint64_t a, std::uint64_t b) { return a > b ? a - b : b - a; }

std::uint64_t lost_of(const wp_counters& r) { return r.map_full + r.ring_full + r.missed; }

}  // namespace

void Books::on(const wp_counters& r) {
  wp_counters& mine = counters_[{r.hook, r.of_cpu}];
  if (lost_of(r) > lost_of(mine)) note_lost(r, mine.missed, r.missed);
  mine = r;
}

void Books::note_lost(const wp_counters& r, std::uint64_t before, std::uint64_t now) {
  auto [place, is_new] = lost_.try_emplace({r.hook, r.of_cpu}, Lost{last_ns_, r.h.ts_ns});
  if (!is_new) place->second.to_ns = r.h.ts_ns;
  const auto stage = now > before ? stage_of(r.hook) : std::nullopt;
  if (!stage) return;
  if (missed_.size() >= kMissedKept) missed_.erase(missed_.begin(), missed_.begin() + kMissedKept / 2);
  missed_.push_back({*stage, last_ns_, r.h.ts_ns});
}

void Books::on(const wp_ring& r) {
  rings_[r.of_cpu] = r;
  last_ns_ = r.h.ts_ns;
}

void Books::count(const wp_header& h) {
  if (h.kind >= WP_KIND_first_of_collector || h.seq == 0) return;
  if (h.cpu >= event::kMaxCpus) return;
  if (h.cpu >= in_file_.size()) in_file_.resize(h.cpu + 1U);
  InFile& mine = in_file_[h.cpu];
  ++mine.records;
  if (h.seq <= mine.last_seq) return;
  mine.last_seq = h.seq;
  mine.last_ns = h.ts_ns;
}

std::vector<event::Loss> Books::tails() const {
  std::vector<event::Loss> losses;
  for (const auto& [cpu, ring] : rings_) {
    const InFile mine = cpu < in_file_.size() ? in_file_[cpu] : InFile{};
    if (ring.taken <= mine.last_seq) continue;
    losses.push_back({.from_ns = mine.last_ns,
                      .to_ns = ring.h.ts_ns,
                      .cpu = cpu,
                      .count = ring.taken - mine.last_seq,
                      .why = event::Loss::Why::kTail});
  }
  return losses;
}

std::map<std::uint32_t, model::HookUse> Books::hook_counts() const {
  std::map<std::uint32_t, model::HookUse> hooks;
  for (const auto& [place, c] : counters_) {
    model::HookUse& h = hooks[place.first];
    h.fired += c.fired;
    h.self += c.self;
    h.filtered += c.filtered;
    h.noted += c.noted;
    h.map_full += c.map_full;
    h.ring_full += c.ring_full;
    h.submitted += c.submitted;
    h.missed += c.missed;
  }
  return hooks;
}

std::uint64_t Books::hooks_difference() const {
  std::uint64_t difference = 0;
  for (const auto& [place, c] : counters_)
    difference += apart(c.fired, c.self + c.filtered + c.noted + c.map_full + c.ring_full + c.submitted);
  return difference;
}

std::uint64_t Books::rings_difference() const {
  std::map<std::uint32_t, std::uint64_t> submitted, numbered;
  for (const auto& [place, c] : counters_) {
    submitted[place.second] += c.submitted;
    numbered[place.second] += c.submitted + c.ring_full;
  }
  std::uint64_t difference = 0;
  for (const auto& [cpu, ring] : rings_) {
    const std::uint64_t in_file = cpu < in_file_.size() ? in_file_[cpu].records : 0;
    difference += apart(submitted[cpu], ring.received) + apart(ring.received, ring.written + ring.dropped) +
                  apart(ring.written, in_file);
    if (ring.taken) difference += apart(ring.taken, numbered[cpu]);  // 0: made before it was counted
  }
  return difference;
}

model::Books Books::close(std::uint64_t in_gaps) const {
  model::Books books;
  books.in_gaps = in_gaps;
  books.has_rings = has_rings();
  for (const auto& [place, c] : counters_) {
    books.fired += c.fired;
    books.submitted += c.submitted;
    books.ring_full += c.ring_full;
    books.map_full += c.map_full;
    books.missed += c.missed;
    if (lost_of(c) == 0) continue;
    const Lost& when = lost_.at(place);
    books.lost.push_back({place.first, place.second, c.ring_full, c.map_full, c.missed, when.from_ns, when.to_ns});
  }
  for (const auto& [cpu, ring] : rings_) {
    books.received += ring.received;
    books.dropped += ring.dropped;
  }
  for (const InFile& mine : in_file_) books.in_file += mine.records;
  books.hooks_difference = hooks_difference();
  const bool are_numbered =
      has_rings() && std::all_of(rings_.begin(), rings_.end(), [](const auto& ring) { return ring.second.taken != 0; });
  books.rings_difference = rings_difference() + (are_numbered ? apart(in_gaps, books.ring_full) : 0);
  return books;
}

}  // namespace wp::reconstruct
