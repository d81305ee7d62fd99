// SPDX-License-Identifier: GPL-2.0-or-later
// `wp_analysis_stage STAGE FILE`: the analysis of a recording up to one of its stages, for scripts/bench/reconstruct to
// take the time of. Each stage does what those before it do: read, decode, order, reconstruct, report.
#include <fmt/format.h>

#include <cstdio>
#include <string_view>

#include "userspace/event/decode.hpp"
#include "userspace/reconstruct/reconstructor.hpp"
#include "userspace/report/summary.hpp"
#include "userspace/stream/replay.hpp"

namespace {

class Counter : public wp::event::EventSink {
 public:
  void on(const wp::event::Event& event) override { seen += event.index() != 0; }
  void end() override {}
  std::uint64_t seen = 0;
};

// Blocks as they stand in the file; with `decodes` each of their records is made an event.
std::uint64_t read_blocks(wp::stream::RecordingReader& reader, bool decodes) {
  std::uint64_t bytes = 0;
  Counter counter;
  wp::event::Event event;
  for (auto item = reader.next(); item.index() != 0; item = reader.next()) {
    const auto* block = std::get_if<wp::stream::Block>(&item);
    if (!block) continue;
    bytes += block->records.size();
    for (wp::event::Bytes rest = block->records; decodes && !rest.empty();) {
      const auto record = wp::event::take_record(rest);
      if (!record) break;
      if (wp::event::decode(*record, event)) counter.on(event);
    }
  }
  return decodes ? counter.seen : bytes;
}

std::uint64_t run(std::string_view stage, wp::stream::RecordingReader& reader) {
  if (stage == "read" || stage == "decode") return read_blocks(reader, stage == "decode");
  if (stage == "order") {
    Counter counter;
    wp::stream::replay(reader, counter);
    return counter.seen;
  }
  wp::report::Report report;
  const bool reports = stage == "report";
  wp::reconstruct::Reconstructor reconstructor([&](const wp::model::Path& path) {
    if (reports) report.on_path(path);
  });
  wp::stream::replay(reader, reconstructor);
  return reconstructor.summary().paths;
}

}  // namespace

int main(int argc, char** argv) {
  constexpr std::string_view kStages = "read decode order reconstruct report";
  if (argc != 3 || kStages.find(argv[1]) == std::string_view::npos) {
    fmt::print(stderr, "usage: wp_analysis_stage STAGE FILE; STAGE is one of: {}\n", kStages);
    return 2;
  }
  auto reader = wp::stream::RecordingReader::open(argv[2]);
  if (!reader) {
    fmt::print(stderr, "{}\n", reader.error().message);
    return 1;
  }
  fmt::print("{}\n", run(argv[1], *reader));
  return 0;
}
