// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/html_requests.hpp"

#include "userspace/base/text.hpp"
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
    const Template evidence = take_numbers_out(stage_evidence(path, stage));
    const std::uint32_t words = templates_.index_of(evidence.text);
    if (words == slots_.size()) {
      slots_.push_back(evidence.numbers.size());
      numbers_.emplace_back();
    }
    for (const std::uint64_t number : evidence.numbers) numbers_[words].add(number);
    stages[next++] = {
        static_cast<std::int32_t>(stage), static_cast<std::int32_t>(point.seen), point.has_time() ? point.cpu : -1,
        static_cast<std::int32_t>(contexts_.index_of(stage_context(path, stage))), static_cast<std::int32_t>(words)};
  }
  std::string key(reinterpret_cast<const char*>(stages.data()), sizeof stages);
  const auto [at, is_new] = pattern_index_.try_emplace(std::move(key), static_cast<std::uint32_t>(patterns_.size()));
  if (is_new) patterns_.push_back(stages);
  return at->second;
}

void HtmlRequests::add(const Path& path) {
  id_.add_signed(static_cast<std::int64_t>(path.id - last_id_));
  last_id_ = path.id;
  pattern_.add(pattern_of(path));
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
  json stages = json::array();
  for (std::size_t i = 0; i < model::kStageCount; ++i) stages.push_back(model::stage_name(static_cast<Stage>(i)));
  return {
      {"stages", std::move(stages)},     {"threads", threads_}, {"sockets", sockets_},          {"patterns", patterns_},
      {"templates", templates_.texts()}, {"slots", slots_},     {"contexts", contexts_.texts()}};
}

void HtmlRequests::give_columns(std::vector<std::pair<std::string, const Column*>>& columns) const {
  columns.insert(columns.end(), {{"r.id", &id_},
                                 {"r.begin", &begin_},
                                 {"r.pattern", &pattern_},
                                 {"r.thread", &thread_},
                                 {"r.socket", &socket_},
                                 {"r.bytes", &bytes_},
                                 {"r.flags", &flags_}});
  for (std::size_t i = 0; i < steps_.size(); ++i) columns.emplace_back("r.step." + std::to_string(i), &steps_[i]);
  for (std::size_t i = 0; i < numbers_.size(); ++i)
    columns.emplace_back("r.numbers." + std::to_string(i), &numbers_[i]);
}

}  // namespace wp::report
