// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/capture/recorder.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "userspace/base/clock.hpp"
#include "userspace/capture/syscalls.hpp"

namespace wp::capture {

namespace {

// Looked at in steps of at most 100 ms, so what was read is in the file after 100 ms, and so are the books of it.
constexpr std::uint64_t kFlushEveryNs = 90'000'000, kFlushNothingEveryNs = 1'000'000'000;
// A path is known to be whole only when the books after it are there: the analysis keeps all until then. So where there
// are many, books come sooner; they are a few hundredths of what is recorded between them.
constexpr std::uint64_t kBooksEveryRecords = 1024;  // of each CPU
// The programs' clock (ktime_get_mono_fast_ns) may differ from ours by what one update of the
// timekeeper moves: far less than this.
constexpr std::uint64_t kClockMarginNs = 1'000'000;
// By how much waits in the fullest ring when it is looked at. Where that is little for a second, it is looked at less
// often: what comes at that rate until the next look is a twenty-fifth of a ring of 16 MiB (the default). Not done with
// smaller ones.
constexpr unsigned kUsualPauseUs = 10'000, kBusyPauseUs = 1'000, kQuietPauseUs = 100'000;
constexpr std::size_t kBusyBytes = 1U << 20U, kQuietBytes = 1U << 16U, kRoomForQuiet = 1U << 23U;
constexpr std::uint64_t kQuietAfterNs = 1'000'000'000;

// Offsets in a raw record of the addresses and numbers that want a name.
template <typename Record, typename Field>
Field field_at(const std::byte* record, Field Record::*field) {
  Record r{};
  std::memcpy(&r, record, sizeof(r));
  return r.*field;
}

// One hook's counters at a moment when no program of it was between its entry and its outcome. Programs go on running
// while we look, so it is looked again; a hook that is never seen at rest is taken as it is.
Recorder::Counts settled_counts(const wp_u64 (&live)[WP_OUTCOMES]) {
  Recorder::Counts counts{};
  for (int i = 0; i < 1000; ++i) {
    for (std::size_t k = 0; k < counts.size(); ++k) counts[k] = __atomic_load_n(&live[k], __ATOMIC_ACQUIRE);
    std::uint64_t outcomes = 0;
    for (std::size_t k = WP_FIRED + 1; k < counts.size(); ++k) outcomes += counts[k];
    if (counts[WP_FIRED] == 0 || counts[WP_FIRED] == outcomes) break;
  }
  return counts;
}

}  // namespace

Recorder::Recorder(Probes& probes, const KernelFacts& facts)
    : probes_(probes), facts_(facts), rings_(probes.cpus()), last_books_(probes.cpus()) {
  buffer_.reserve(1U << 22U);
}

template <typename Record>
Record& Recorder::add(std::uint64_t now_ns) {
  const std::size_t at = buffer_.size();
  buffer_.resize(at + sizeof(Record));
  auto& r = *reinterpret_cast<Record*>(buffer_.data() + at);
  r = Record{};
  r.h.ts_ns = now_ns;
  r.h.size = sizeof(Record);
  return r;
}

void Recorder::add_name(std::uint32_t space, std::uint64_t key, const std::string& name, std::uint64_t now_ns) {
  auto& r = add<wp_name>(now_ns);
  r.h.kind = WP_KIND_name;
  r.key = key;
  r.space = space;
  std::memcpy(r.text.s, name.data(), std::min(name.size(), sizeof(r.text.s)));
}

// They hold from the start, so they come before everything.
void Recorder::add_static_names() {
  if (std::exchange(started_, true)) return;
  constexpr std::uint64_t now_ns = 1;
  for (const Syscall& call : syscalls()) add_name(WP_NAME_syscall, call.nr, call.name, now_ns);
  for (const CallName& call : other_calls())
    add_name(WP_NAME_syscall, static_cast<std::uint64_t>(call.nr), call.name, now_ns);
  for (const char* wake : {"ep_poll_callback", "pollwake", "woken_wake_function", "receiver_wake_function",
                           "autoremove_wake_function", "io_poll_wake"})
    name_symbol(facts_.address_of(wake), now_ns);
  auto& clock = add<wp_clock>(now_ns);
  clock.h.kind = WP_KIND_clock;
  clock.monotonic_ns = clock_ns();
  clock.realtime_ns = static_cast<wp_s64>(clock_ns(CLOCK_REALTIME));
}

void Recorder::note_detail(const DetailChange& change) {
  auto& r = add<wp_detail>(std::max<std::uint64_t>(change.at_ns, 1));
  r.h.kind = WP_KIND_detail;
  r.begin_ns = change.begin_ns;
  r.from = change.from;
  r.to = change.to;
  r.sample = change.sample;
  r.why = change.why;
  r.used_ppm = change.used_ppm;
  r.budget_ppm = change.budget_ppm;
}

void Recorder::name_symbol(std::uint64_t address, std::uint64_t now_ns) {
  if (!address || !named_symbols_.insert(address).second) return;
  const std::string name = facts_.symbol_at(address);
  if (!name.empty()) add_name(WP_NAME_symbol, address, name, now_ns);
}

// Kernel addresses mean nothing elsewhere: name each when it is first seen, at the time it was seen.
void Recorder::name_addresses(std::size_t from) {
  const std::size_t end = buffer_.size();
  for (std::size_t at = from; at < end;) {
    wp_header h{};
    std::memcpy(&h, buffer_.data() + at, sizeof(h));
    const std::byte* record = buffer_.data() + at;
    if (h.kind == WP_KIND_delivery) {
      name_symbol(field_at(record, &wp_delivery::w_func), h.ts_ns);
    } else if (h.kind == WP_KIND_witness) {
      name_symbol(field_at(record, &wp_witness::func), h.ts_ns);
    } else if (h.kind == WP_KIND_drop) {
      const auto reason = field_at(record, &wp_drop::reason);
      name_symbol(field_at(record, &wp_drop::location), h.ts_ns);
      if (named_reasons_.insert(reason).second)
        add_name(WP_NAME_drop_reason, reason, facts_.drop_reason(reason), h.ts_ns);
    }
    at += h.size;
  }
}

unsigned Recorder::pause_for(std::size_t fullest, std::uint64_t now_ns) {
  if (fullest > kQuietBytes || !last_work_ns_) last_work_ns_ = now_ns;
  if (fullest > kBusyBytes) return kBusyPauseUs;
  const bool is_quiet = now_ns - last_work_ns_ >= kQuietAfterNs && probes_.ring_bytes() >= kRoomForQuiet;
  return is_quiet ? kQuietPauseUs : kUsualPauseUs;
}

bool Recorder::drain(std::uint64_t now_ns) {
  bool caught_up = true;
  std::size_t fullest = 0;
  const std::size_t from = buffer_.size();
  for (unsigned cpu = 0; cpu < probes_.cpus(); ++cpu) {
    const Ring::Turn turn = probes_.rings()[cpu].drain(buffer_);
    rings_[cpu].received += turn.records;
    rings_[cpu].peak = std::max<std::uint64_t>(rings_[cpu].peak, turn.waiting);
    received_ += turn.records;
    caught_up &= turn.caught_up;
    fullest = std::max(fullest, turn.waiting);
  }
  pause_us_ = pause_for(fullest, now_ns);
  name_addresses(from);
  return caught_up;
}

void Recorder::add_counters(std::uint32_t hook, std::uint32_t cpu, const Counts& counts, std::uint64_t now_ns) {
  auto& r = add<wp_counters>(now_ns);
  r.h.kind = WP_KIND_counters;
  r.hook = hook;
  r.of_cpu = cpu;
  r.self = counts[WP_SELF];
  r.filtered = counts[WP_FILTERED];
  r.noted = counts[WP_NOTED];
  r.map_full = counts[WP_MAP_FULL];
  r.ring_full = counts[WP_RING_FULL];
  r.submitted = counts[WP_SUBMITTED];
  r.fired = counts[WP_FIRED] ? counts[WP_FIRED] : r.self + r.filtered + r.noted;
}

// Only after all rings were looked at: what the counters have beyond that is still to come.
void Recorder::add_books(std::uint64_t now_ns, Missed which) {
  std::array<bool, WP_HOOK_count> has_run{};
  for (unsigned cpu = 0; cpu < probes_.cpus(); ++cpu) {
    const std::uint64_t taken = __atomic_load_n(&probes_.counters(cpu).seq, __ATOMIC_ACQUIRE);
    for (std::uint32_t hook = 0; hook < WP_HOOK_count; ++hook) {
      Counts& last = last_books_[cpu][hook];
      const Counts now = settled_counts(probes_.counters(cpu).count[hook]);
      if (now == last) continue;
      last = now;
      has_run[hook] = true;
      add_counters(hook, cpu, now, now_ns);
    }
    auto& ring = add<wp_ring>(now_ns);
    ring.h.kind = WP_KIND_ring;
    ring.of_cpu = cpu;
    ring.received = rings_[cpu].received;
    ring.written = rings_[cpu].received;
    ring.peak_bytes = rings_[cpu].peak;
    ring.taken = taken;
  }
  for (std::uint32_t hook = 0; hook < WP_HOOK_count; ++hook) {
    if (which == Missed::kOfThoseThatRan && !has_run[hook]) continue;  // a firing is missed while another one runs
    const std::uint64_t missed = probes_.missed(hook);
    if (missed == missed_[hook]) continue;
    missed_[hook] = missed;
    add_counters(hook, WP_ALL_CPUS, Counts{}, now_ns);
    reinterpret_cast<wp_counters*>(buffer_.data() + buffer_.size() - sizeof(wp_counters))->missed = missed;
  }
  received_by_books_ = received_;
}

void Recorder::take() { drain(clock_ns()); }

Result<void> Recorder::hand_over() {
  auto appended = writer_->append(buffer_);
  buffer_.clear();
  return appended;
}

Result<void> Recorder::turn() {
  const std::uint64_t now_ns = clock_ns();
  add_static_names();
  const std::uint64_t before = received_;
  const bool caught_up = drain(now_ns);
  const bool is_flush =
      now_ns - last_flush_ns_ >= (received_ == received_by_flush_ ? kFlushNothingEveryNs : kFlushEveryNs);
  if (caught_up && (received_ != before || is_flush)) {
    auto& mark = add<wp_watermark>(now_ns);
    mark.h.kind = WP_KIND_watermark;
    mark.upto_ns = now_ns - kClockMarginNs;
    mark.received = received_;
  }
  if (is_flush || received_ - received_by_books_ >= kBooksEveryRecords * probes_.cpus())
    add_books(now_ns, Missed::kOfThoseThatRan);
  if (auto handed = hand_over(); !handed || !is_flush) return handed;
  last_flush_ns_ = now_ns;
  received_by_flush_ = received_;
  return writer_->flush();
}

Result<void> Recorder::finish() {
  const std::uint64_t now_ns = clock_ns();
  add_static_names();  // a recording may end before its first turn
  drain(now_ns);
  add_books(now_ns, Missed::kOfAll);
  auto& mark = add<wp_watermark>(now_ns);
  mark.h.kind = WP_KIND_watermark;
  mark.upto_ns = now_ns;
  mark.received = received_;
  return hand_over();
}

std::uint64_t Recorder::lost() const {
  std::uint64_t n = 0;
  for (unsigned cpu = 0; cpu < probes_.cpus(); ++cpu)
    for (const auto& hook : probes_.counters(cpu).count) n += hook[WP_RING_FULL] + hook[WP_MAP_FULL];
  return n;
}

}  // namespace wp::capture
