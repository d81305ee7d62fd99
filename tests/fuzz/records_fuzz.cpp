// SPDX-License-Identifier: GPL-2.0-or-later
// The analysis on bytes that claim to be records: decoder, sorter, reconstruction and every report. The first byte says
// how far the rest is put right before, because bytes that are no record end the analysis at once: bit 0, each
// record gets a known kind and its size; bit 1, few CPUs; bit 2, small numbers; bit 3, times near each other.
#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "tests/fuzz/checks.hpp"
#include "userspace/event/decode.hpp"
#include "userspace/event/fields.hpp"
#include "userspace/reconstruct/reconstructor.hpp"
#include "userspace/stream/sorter.hpp"

namespace {

using wp::event::Bytes;
using wp::event::kKinds;

constexpr std::size_t kPiece = 4096;  // a block at a time, as the file gives them

void put_right(std::vector<std::byte>& bytes, unsigned how) {
  for (std::size_t at = 0; at + sizeof(wp_header) <= bytes.size();) {
    wp_header h;
    std::memcpy(&h, bytes.data() + at, sizeof h);
    const auto known =
        std::find_if(std::begin(kKinds), std::end(kKinds), [&](const auto& k) { return k.number == h.kind; });
    const auto& kind = known != std::end(kKinds) ? *known : kKinds[h.kind % std::size(kKinds)];
    h.kind = kind.number;
    h.size = kind.size;
    if (how & 2U) h.cpu %= 4;
    if (how & 4U) h.seq %= 64;
    if (how & 8U) h.ts_ns %= 1U << 20U;
    std::memcpy(bytes.data() + at, &h, sizeof h);
    if (at + h.size > bytes.size()) bytes.resize(at + h.size);
    at += h.size;
  }
}

// In pieces of whole records where there are any.
void feed(wp::stream::Sorter& sorter, Bytes bytes) {
  while (!bytes.empty()) {
    Bytes rest = bytes;
    while (bytes.size() - rest.size() < kPiece && wp::event::take_record(rest)) continue;
    const std::size_t taken = bytes.size() - rest.size();
    sorter.feed(bytes.first(taken == 0 ? bytes.size() : taken));
    bytes = taken == 0 ? Bytes() : rest;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes given = std::as_bytes(std::span(data + 1, size - 1));
  std::vector<std::byte> bytes(given.begin(), given.end());
  if (data[0] & 1U) put_right(bytes, data[0]);

  // A report is a megabyte of histograms: one input in eight.
  std::optional<wp::report::Report> report;
  if ((data[0] & 0x70U) == 0) report.emplace();
  std::uint64_t paths = 0;
  wp::reconstruct::Reconstructor reconstructor([&](const wp::model::Path& path) {
    ++paths;
    wp::fuzz::require_sound(path);
    if (!report) return;
    report->on_path(path);
    if (paths <= 4) wp::fuzz::render(path);
  });
  wp::stream::Sorter sorter(reconstructor);
  feed(sorter, bytes);
  sorter.end();

  const wp::model::Summary& summary = reconstructor.summary();
  wp::fuzz::require(summary.paths == paths, "every path is passed on once");
  if (report) {
    wp::model::RecordingInfo info;
    wp::fuzz::require_printable(wp::report::render_summary(info, summary, *report, {}, "a.wkp"));
    (void)wp::report::summary_json(info, summary, *report).dump();  // throws on what is no UTF-8
  }
  return 0;
}
