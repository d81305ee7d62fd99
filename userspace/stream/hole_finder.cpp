// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/stream/hole_finder.hpp"

#include <algorithm>
#include <tuple>

namespace wp::stream {
namespace {

// A file with more damage than this has it everywhere; older pieces are taken together.
constexpr std::size_t kMaxBlames = 64;

}  // namespace

HoleFinder::Cpu& HoleFinder::cpu_of(const RecordKey& key) {
  if (key.cpu >= cpus_.size()) cpus_.resize(key.cpu + std::size_t{1});
  return cpus_[key.cpu];
}

void HoleFinder::blame(std::uint64_t from_ns, std::uint64_t to_ns, event::Loss::Why why) {
  blames_.push_back({from_ns, to_ns, why});
  if (blames_.size() <= kMaxBlames) return;
  blames_[1].from_ns = std::min(blames_[0].from_ns, blames_[1].from_ns);
  blames_[1].to_ns = std::max(blames_[0].to_ns, blames_[1].to_ns);
  blames_.erase(blames_.begin());
}

void HoleFinder::find(std::span<const RecordKey> batch, std::span<const RecordKey> ahead, std::uint64_t limit_ns,
                      std::uint64_t horizon_ns, std::vector<PlacedLoss>& out) {
  for (const RecordKey& key : batch) {
    if (key.is_numbered()) account(key);
  }
  if (open_cpus_.empty()) return;
  for (const RecordKey& key : ahead) {
    if (!key.is_numbered() || key.ts_ns >= horizon_ns) continue;
    Cpu& cpu = cpu_of(key);
    if (cpu.is_open && key.seq >= cpu.next) cpu.open.push_back({key.seq, key.seq, key.ts_ns, true});
  }
  // In order of CPU, so that the result doesn't depend on which CPU's record came first.
  std::sort(open_cpus_.begin(), open_cpus_.end());
  for (const std::uint16_t number : open_cpus_) judge(number, limit_ns, out);
  std::erase_if(open_cpus_, [this](std::uint16_t number) {
    Cpu& cpu = cpus_[number];
    cpu.is_open = !cpu.open.empty();
    return !cpu.is_open;
  });
}

// Nearly every record is the next of its CPU; only then is this all there is to do.
void HoleFinder::account(const RecordKey& key) {
  Cpu& cpu = cpu_of(key);
  if (!cpu.is_open && key.seq == cpu.next) {
    ++cpu.next;
    cpu.next_after_ns = key.ts_ns;
    return;
  }
  if (key.seq < cpu.next) {
    ++repeated_;
    return;
  }
  cpu.open.push_back({key.seq, key.seq, key.ts_ns, false});
  if (!cpu.is_open) open_cpus_.push_back(key.cpu);
  cpu.is_open = true;
}

void HoleFinder::judge(std::uint16_t number, std::uint64_t limit_ns, std::vector<PlacedLoss>& out) {
  Cpu& cpu = cpus_[number];
  runs_.swap(cpu.open);
  cpu.open.clear();
  std::sort(runs_.begin(), runs_.end(), [](const Run& a, const Run& b) {
    return std::tie(a.first, a.ts_ns, a.is_ahead) < std::tie(b.first, b.ts_ns, b.is_ahead);
  });
  std::uint64_t expected = cpu.next;
  std::uint64_t previous_ns = cpu.next_after_ns;
  bool all_passed = true;  // up to `expected` everything is accounted for and passed on
  for (const Run& run : runs_) {
    if (run.first < expected) {
      repeated_ += run.is_ahead ? 0 : 1;
      continue;
    }
    if (run.first > expected) {
      const auto [from_ns, to_ns] = std::minmax(previous_ns, run.ts_ns);
      if (to_ns < limit_ns) {
        const std::uint64_t count = run.first - expected;
        out.push_back({to_ns, make_loss(number, from_ns, to_ns, count)});
        if (!all_passed) cpu.open.push_back({expected, run.first - 1, to_ns, false});
      } else {
        all_passed = false;
      }
    }
    expected = run.last + 1;
    previous_ns = run.ts_ns;
    all_passed = all_passed && !run.is_ahead;
    if (all_passed) {
      cpu.next = expected;
      cpu.next_after_ns = previous_ns;
    } else if (!run.is_ahead) {
      cpu.open.push_back(run);
    }
  }
}

event::Loss HoleFinder::make_loss(std::uint16_t cpu, std::uint64_t from_ns, std::uint64_t to_ns, std::uint64_t count) {
  lost_ += count;
  event::Loss loss{.from_ns = from_ns, .to_ns = to_ns, .cpu = cpu, .count = count, .why = event::Loss::Why::kRingFull};
  for (const Blame& blame : blames_) {
    if (from_ns <= blame.to_ns && to_ns >= blame.from_ns) loss.why = blame.why;
  }
  return loss;
}

}  // namespace wp::stream
