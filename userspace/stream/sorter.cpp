// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/stream/sorter.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>

namespace wp::stream {
namespace {

using event::Loss;

constexpr std::uint64_t kEver = ~std::uint64_t{0};

// A recording without watermarks must not take all memory: past this much, all of it is passed on.
constexpr std::size_t kMaxArena = std::size_t{1} << 30;

bool loss_is_before(const PlacedLoss& a, const PlacedLoss& b) {
  const auto rank = [](const PlacedLoss& l) { return std::tuple(l.at_ns, l.loss.cpu, l.loss.from_ns, l.loss.why); };
  return rank(a) < rank(b);
}

}  // namespace

void Sorter::feed(event::Bytes records) {
  const std::size_t begin = arena_.size();
  arena_.insert(arena_.end(), records.begin(), records.end());
  event::Bytes rest = event::Bytes(arena_).subspan(begin);
  while (!rest.empty()) {
    const auto record = event::take_record(rest);
    if (!record) {
      counts_.undecodable_bytes += rest.size();
      arena_.resize(arena_.size() - rest.size());
      missing(greatest_ns_, kEver, Loss::Why::kUndecodable);
      break;
    }
    if (!event::is_known_kind(record->header.kind)) ++counts_.unknown_kinds;
    take(*record, static_cast<std::size_t>(record->bytes.data() - arena_.data()));
  }
  if (arena_.size() > kMaxArena) {
    ++counts_.without_watermark;
    watermark_ns_ = greatest_ns_ + 1;
    release(watermark_ns_, watermark_ns_);
  }
  compact();
}

void Sorter::take(const event::RawRecord& record, std::size_t arena_offset) {
  const wp_header& header = record.header;
  // No time is kEver, so that "earlier than for ever" holds for all.
  const std::uint64_t ts_ns = std::min(header.ts_ns, kEver - 1);
  waiting_.push_back({.ts_ns = ts_ns,
                      .seq = header.seq,
                      .at = static_cast<std::uint32_t>(arena_offset / 8),
                      .cpu = static_cast<std::uint16_t>(header.cpu),
                      .kind = header.kind});
  greatest_ns_ = std::max(greatest_ns_, ts_ns);
  if (header.kind != WP_KIND_watermark) return;
  if (const auto event = event::decode(record)) advance(std::get<wp_watermark>(*event).upto_ns);
}

void Sorter::damaged(std::uint64_t from_ns, std::uint64_t to_ns) {
  ++counts_.damaged;
  missing(from_ns, to_ns, Loss::Why::kDamaged);
}

void Sorter::missing(std::uint64_t from_ns, std::uint64_t to_ns, Loss::Why why) {
  holes_.blame(from_ns, to_ns, why);
  // What was passed on already can't be marked any more.
  const std::uint64_t at_ns = std::max(from_ns, passed_ns_);
  losses_.push_back({at_ns, {.from_ns = from_ns, .to_ns = to_ns, .cpu = Loss::kAllCpus, .why = why}});
}

void Sorter::end() {
  release(kEver, kEver);
  sink_.end();
}

void Sorter::advance(std::uint64_t watermark_ns) {
  if (watermark_ns <= watermark_ns_) return;
  release(watermark_ns_, watermark_ns);
  watermark_ns_ = watermark_ns;
}

// Passes on what is earlier than `limit_ns`; everything earlier than `horizon_ns` has arrived.
void Sorter::release(std::uint64_t limit_ns, std::uint64_t horizon_ns) {
  split_off_batch(limit_ns);
  sort_batch();
  note_late();
  holes_.find(batch_, waiting_, limit_ns, horizon_ns, losses_);
  counts_.lost = holes_.lost();
  counts_.repeated = holes_.repeated();
  std::sort(losses_.begin(), losses_.end(), loss_is_before);
  pass_on(limit_ns);
  passed_ns_ = std::max(passed_ns_, limit_ns);
}

void Sorter::split_off_batch(std::uint64_t limit_ns) {
  batch_.clear();
  std::size_t kept = 0;
  for (const RecordKey& key : waiting_) {
    if (key.ts_ns < limit_ns) {
      batch_.push_back(key);
    } else {
      waiting_[kept++] = key;
    }
  }
  waiting_.resize(kept);
}

// Rings are emptied one by one, and each is nearly in order: pieces that are in order are found, and merged in pairs.
void Sorter::sort_batch() {
  const auto order = [this](const RecordKey& a, const RecordKey& b) { return is_before(a, b); };
  pieces_.clear();
  for (std::size_t i = 0; i < batch_.size(); ++i)
    if (i == 0 || is_before(batch_[i], batch_[i - 1])) pieces_.push_back(i);
  while (pieces_.size() > 1) {
    merged_.resize(batch_.size());
    const auto at = [&](std::size_t piece) {
      return batch_.begin() + static_cast<std::ptrdiff_t>(piece < pieces_.size() ? pieces_[piece] : batch_.size());
    };
    auto out = merged_.begin();
    for (std::size_t i = 0; i < pieces_.size(); i += 2)
      out = std::merge(at(i), at(i + 1), at(i + 1), at(i + 2), out, order);
    batch_.swap(merged_);
    for (std::size_t i = 0; i < pieces_.size(); i += 2) pieces_[i / 2] = pieces_[i];
    pieces_.resize((pieces_.size() + 1) / 2);
  }
}

void Sorter::note_late() {
  std::size_t late = 0;
  while (late < batch_.size() && batch_[late].ts_ns < passed_ns_) ++late;
  if (late == 0) return;
  counts_.late += late;
  const std::uint32_t first_cpu = batch_[0].cpu;
  const bool is_one_cpu = std::all_of(batch_.begin(), batch_.begin() + static_cast<std::ptrdiff_t>(late),
                                      [first_cpu](const RecordKey& key) { return key.cpu == first_cpu; });
  losses_.push_back({0,
                     {.from_ns = batch_[0].ts_ns,
                      .to_ns = passed_ns_,
                      .cpu = is_one_cpu ? first_cpu : Loss::kAllCpus,
                      .why = Loss::Why::kLate}});
}

void Sorter::pass_on(std::uint64_t limit_ns) {
  std::size_t next_loss = 0;
  const auto pass_losses = [&](std::uint64_t upto_ns) {
    while (next_loss < losses_.size() && losses_[next_loss].at_ns <= upto_ns) sink_.on(losses_[next_loss++].loss);
  };
  for (const RecordKey& key : batch_) {
    pass_losses(key.ts_ns);
    if (!event::decode(record_of(key), event_)) continue;
    sink_.on(event_);
    ++counts_.events;
  }
  if (limit_ns > 0) pass_losses(limit_ns == kEver ? kEver : limit_ns - 1);
  losses_.erase(losses_.begin(), losses_.begin() + static_cast<std::ptrdiff_t>(next_loss));
}

// Copies what still waits to the front; put off while that is most of it.
void Sorter::compact() {
  if (waiting_.empty()) {
    arena_.clear();
    return;
  }
  std::size_t needed = 0;
  for (const RecordKey& key : waiting_) needed += record_of(key).bytes.size();
  if (needed > arena_.size() / 2) return;
  spare_.clear();
  spare_.reserve(arena_.size());
  for (RecordKey& key : waiting_) {
    const event::Bytes bytes = record_of(key).bytes;
    key.at = static_cast<std::uint32_t>(spare_.size() / 8);
    spare_.insert(spare_.end(), bytes.begin(), bytes.end());
  }
  arena_.swap(spare_);
}

event::RawRecord Sorter::record_of(const RecordKey& key) const {
  const event::Bytes rest = event::Bytes(arena_).subspan(std::size_t{key.at} * 8);
  event::RawRecord record;
  std::memcpy(&record.header, rest.data(), sizeof record.header);
  record.bytes = rest.first(record.header.size);
  return record;
}

// Records that tie in time, CPU and number (the collector doesn't number its own) are told apart by their
// bytes, so that even they have one order.
bool Sorter::is_before(const RecordKey& a, const RecordKey& b) const {
  return a.ts_ns != b.ts_ns ? a.ts_ns < b.ts_ns : is_before_at_once(a, b);
}

bool Sorter::is_before_at_once(const RecordKey& a, const RecordKey& b) const {
  if (a.cpu != b.cpu) return a.cpu < b.cpu;
  if (a.seq != b.seq) return a.seq < b.seq;
  if (a.kind != b.kind) return a.kind < b.kind;
  const event::Bytes x = record_of(a).bytes;
  const event::Bytes y = record_of(b).bytes;
  return std::lexicographical_compare(x.begin(), x.end(), y.begin(), y.end());
}

}  // namespace wp::stream
