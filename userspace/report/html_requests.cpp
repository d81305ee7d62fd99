// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/html_requests.hpp"

#include <algorithm>

#include "userspace/base/text.hpp"
#include "userspace/report/blame_text.hpp"
#include "userspace/report/evidence.hpp"
#include "userspace/report/words.hpp"

namespace wp::report {

using model::Path;
using model::Stage;
using nlohmann::json;

namespace {

constexpr std::uint64_t kComplete = 1, kLossNearby = 2, kPeek = 4, kDatagram = 8;

}  // namespace

std::uint32_t HtmlRequests::thread_of(const model::Task& task) {
  const auto [at, is_new] = thread_index_.try_emplace(task.id, static_cast<std::uint32_t>(threads_.size()));
  if (is_new)
    threads_.push_back({{"tid", task.id.tid},
                        {"start", std::to_string(task.id.start_ns)},
                        {"pid", task.pid},
                        {"comm", printable(task.comm)}});
  return at->second;
}

std::uint32_t HtmlRequests::socket_of(const Path& path) {
  const std::string key = std::to_string(path.socket.cookie) + protocol_name(path.socket);
  const auto [at, is_new] = socket_index_.try_emplace(key, static_cast<std::uint32_t>(sockets_.size()));
  if (is_new)
    sockets_.push_back({{"cookie", std::to_string(path.socket.cookie)},
                        {"protocol", protocol_name(path.socket)},
                        {"local", local_address(path.socket)},
                        {"peer", peer_address(path.socket)}});
  return at->second;
}

// All that is the same for many paths: of each stage how it was seen, on which CPU, and in which words.
std::uint32_t HtmlRequests::pattern_of(const Path& path) {
  std::array<std::array<std::int32_t, 5>, model::kStageCount> stages{};
  std::size_t next = 0;
  for (const Stage stage : model::stage_order(path)) {
    const model::StagePoint& point = path.at(stage);
    const std::uint32_t words = evidence_.add(stage_evidence(path, stage));
    stages[next++] = {
        static_cast<std::int32_t>(stage), static_cast<std::int32_t>(point.seen), point.has_time() ? point.cpu : -1,
        static_cast<std::int32_t>(contexts_.index_of(stage_context(path, stage))), static_cast<std::int32_t>(words)};
  }
  std::string key(reinterpret_cast<const char*>(stages.data()), sizeof stages);
  const auto [at, is_new] = pattern_index_.try_emplace(std::move(key), static_cast<std::uint32_t>(patterns_.size()));
  if (is_new) patterns_.push_back(stages);
  return at->second;
}

// By cause, not by size: so there are few patterns. The page sorts them.
std::uint32_t HtmlRequests::blame_pattern_of(const Path& path) {
  std::vector<const model::BlameShare*> shares;
  shares.reserve(path.blame.size());
  for (const model::BlameShare& share : path.blame) shares.push_back(&share);
  std::stable_sort(shares.begin(), shares.end(), [](auto* a, auto* b) { return a->cause < b->cause; });
  std::vector<std::array<std::uint32_t, 3>> pattern;
  for (const model::BlameShare* share : shares) {
    pattern.push_back({static_cast<std::uint32_t>(share->cause), static_cast<std::uint32_t>(share->certainty),
                       shares_.add(share_text(*share))});
    blame_ns_.add(share->ns);
  }
  const auto [at, is_new] = blame_index_.try_emplace(pattern, static_cast<std::uint32_t>(blame_patterns_.size()));
  if (is_new) blame_patterns_.push_back(std::move(pattern));
  return at->second;
}

void HtmlRequests::add(const Path& path) {
  id_.add_signed(static_cast<std::int64_t>(path.id - last_id_));
  last_id_ = path.id;
  pattern_.add(pattern_of(path));
  blame_.add(blame_pattern_of(path));
  thread_.add(thread_of(path.task));
  socket_.add(socket_of(path));
  bytes_.add(path.bytes);
  flags_.add((model::is_complete(path) ? kComplete : 0U) | (path.loss_nearby ? kLossNearby : 0U) |
             (path.peek ? kPeek : 0U) | (path.datagram ? kDatagram : 0U));
  bool begun = false;
  std::uint64_t previous_ns = 0;
  for (const Stage stage : model::stage_order(path)) {
    const model::StagePoint& point = path.at(stage);
    if (!point.has_time()) continue;
    if (!begun) {
      begin_.add_signed(static_cast<std::int64_t>(point.ts_ns - base_ns_ - last_ns_));
      last_ns_ = point.ts_ns - base_ns_;
    } else {
      steps_[static_cast<std::size_t>(stage)].add_signed(static_cast<std::int64_t>(point.ts_ns - previous_ns));
    }
    begun = true;
    previous_ns = point.ts_ns;
  }
  if (!begun) begin_.add_signed(0);
}

json HtmlRequests::tables() const {
  json stages = json::array(), causes = json::array();
  for (std::size_t i = 0; i < model::kStageCount; ++i) stages.push_back(model::stage_name(static_cast<Stage>(i)));
  for (std::size_t i = 0; i < model::kCauseCount; ++i)
    causes.push_back(model::cause_name(static_cast<model::Cause>(i)));
  const auto words = [](const Wordings& all) { return json{{"templates", all.templates()}, {"slots", all.slots()}}; };
  return {{"stages", std::move(stages)}, {"threads", threads_},          {"sockets", sockets_},
          {"patterns", patterns_},       {"evidence", words(evidence_)}, {"contexts", contexts_.texts()},
          {"causes", std::move(causes)}, {"shares", words(shares_)},     {"blames", blame_patterns_}};
}

void HtmlRequests::give_columns(std::vector<std::pair<std::string, const Column*>>& columns) const {
  columns.insert(columns.end(), {{"r.id", &id_},
                                 {"r.begin", &begin_},
                                 {"r.pattern", &pattern_},
                                 {"r.thread", &thread_},
                                 {"r.socket", &socket_},
                                 {"r.bytes", &bytes_},
                                 {"r.flags", &flags_},
                                 {"r.blame", &blame_},
                                 {"r.blame.ns", &blame_ns_}});
  const auto give = [&columns](const std::string& prefix, const std::vector<Column>& all) {
    for (std::size_t i = 0; i < all.size(); ++i) columns.emplace_back(prefix + std::to_string(i), &all[i]);
  };
  give("r.step.", steps_);
  give("r.evidence.", evidence_.numbers());
  give("r.shares.", shares_.numbers());
}

}  // namespace wp::report
