// SPDX-License-Identifier: GPL-2.0-or-later
// Holds a recording against the two logs: usage judge RECORDING CLIENT_LOG SERVER_LOG. One line of JSON; the status is
// 0 if no request was misattributed. What came again (addresses of packets, process ids, descriptors, ports) is counted
// from the recording: a run in which nothing did proves nothing.
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "userspace/reconstruct/reconstructor.hpp"
#include "userspace/stream/recording_reader.hpp"
#include "userspace/stream/replay.hpp"
#include "userspace/truth/comparer.hpp"

namespace {

// Passes everything on, and counts identities next to the names that are not.
class Reuse : public wp::event::EventSink {
 public:
  explicit Reuse(wp::event::EventSink& next) : next_(next) {}
  void on(const wp::event::Event& event) override {
    if (const auto* r = std::get_if<wp_delivery>(&event)) packets_ += r->skb != 0, addresses_.insert(r->skb);
    if (const auto* r = std::get_if<wp_task>(&event)) {
      if (tasks_.insert({r->tid, r->start_ns}).second) tids_.insert(r->tid);
    }
    if (const auto* r = std::get_if<wp_socket>(&event)) {
      if (cookies_.insert(r->cookie).second) ports_.insert(r->peer_port);
    }
    next_.on(event);
  }
  void end() override { next_.end(); }

  [[nodiscard]] nlohmann::json counts() const {
    return {{"packet_addresses", packets_ - addresses_.size()},
            {"process_ids", tasks_.size() - tids_.size()},
            {"ports", cookies_.size() - ports_.size()},
            {"connections", cookies_.size()}};
  }

 private:
  wp::event::EventSink& next_;
  std::uint64_t packets_ = 0;
  std::set<std::uint64_t> addresses_, cookies_;
  std::set<std::uint32_t> tids_, ports_;
  std::set<std::pair<std::uint32_t, std::uint64_t>> tasks_;
};

template <typename T>
T need(wp::Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "%s\n", result.error().message.c_str());
    std::exit(2);
  }
  return std::move(*result);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  auto comparer = need(wp::truth::Comparer::load(argv[2], argv[3], 10, false, wp::truth::KeyBy::kCookie));
  auto reader = need(wp::stream::RecordingReader::open(argv[1]));
  wp::reconstruct::Reconstructor reconstructor([&](const wp::model::Path& path) { comparer.on_path(path); });
  Reuse reuse(reconstructor);
  wp::stream::replay(reader, reuse);
  const wp::truth::Verdict verdict = comparer.finish();
  const wp::truth::Counts& counts = verdict.counts;
  std::puts(nlohmann::json{{"requests", counts.requests},
                           {"wrong", counts.wrong},
                           {"missing", counts.missing},
                           {"partial", counts.partial},
                           {"complete", counts.complete},
                           {"stray", counts.stray},
                           {"lost", reconstructor.summary().events_lost},
                           {"came_again", reuse.counts()},
                           {"contradictions", verdict.contradictions},
                           {"explanations", verdict.explanations}}
                .dump()
                .c_str());
  return verdict.counts.wrong == 0 && counts.stray == 0 ? 0 : 1;
}
