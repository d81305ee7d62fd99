// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/truth/comparer.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <numeric>

#include "userspace/base/check.hpp"
#include "userspace/truth/clocks.hpp"

namespace wp::truth {
namespace {

constexpr std::uint8_t kWrong = 1, kPartial = 2;

void note(std::vector<std::string>& explanations, std::size_t limit, const std::string& text) {
  if (explanations.size() < limit) explanations.push_back(text);
}

std::string name_of(std::uint64_t key) { return fmt::format("{} -> {}", key & 0xffffU, key >> 16U & 0xffffU); }

std::string why_not_complete(const model::Path& path) {
  for (const model::Stage stage : model::stage_order(path)) {
    const model::StagePoint& point = path.at(stage);
    if (point.seen == model::Seen::kUnknown) {
      return fmt::format("{} is unknown: {}", model::stage_name(stage), model::reason_text(point.why));
    }
    if (stage == model::Stage::kDone) break;
  }
  return path.loss_nearby ? "records were lost nearby" : "its end has no time";
}

}  // namespace

Result<Comparer> Comparer::load(const std::string& client_log, const std::string& server_log, std::size_t explanations,
                                bool other_clock, KeyBy key_by) {
  auto requests = read_client_log(client_log);
  if (!requests) return std::move(requests.error());
  auto reads = read_server_log(server_log);
  if (!reads) return std::move(reads.error());
  auto logs = join(std::move(*requests), std::move(*reads));
  if (!logs) return std::move(logs.error());
  if (other_clock)
    if (auto translated = to_server_clock(*logs); !translated) return std::move(translated.error());
  return Comparer(std::move(*logs), explanations, key_by);
}

Comparer::Comparer(Logs logs, std::size_t explanations, KeyBy key_by)
    : logs_(std::move(logs)), marks_(logs_.requests.size(), 0), limit_(explanations), key_by_(key_by) {
  std::size_t read = 0;
  for (std::size_t i = 0; i < logs_.requests.size(); ++i) {
    const ClientRequest& request = logs_.requests[i];
    if (connections_.empty() || connections_.back().key != request.connection) {
      connections_.push_back({request.connection, i, i, read, read, 0, {}});
      while (read < logs_.reads.size() && logs_.reads[read].connection == request.connection) ++read;
      connections_.back().last_read = read;
    }
    connections_.back().last_request = i + 1;
    connections_.back().bytes += request.urgent_before + request.bytes;
  }
  WP_CHECK(read == logs_.reads.size());  // join() made sure of it
  reads_in_time_.resize(logs_.reads.size());
  std::iota(reads_in_time_.begin(), reads_in_time_.end(), 0U);
  std::sort(reads_in_time_.begin(), reads_in_time_.end(),
            [this](std::size_t a, std::size_t b) { return logs_.reads[a].after_ns < logs_.reads[b].after_ns; });
  for (const ServerRead& r : logs_.reads) {
    if (r.cookie != 0) keys_by_cookie_[r.cookie] = r.connection;
  }
}

void Comparer::on_path(const model::Path& path) {
  const bool is_known_kind = path.socket.family == AF_INET || path.socket.family == AF_INET6 ||
                             (path.socket.family == AF_UNIX && !keys_by_cookie_.empty());
  if (path.peek || (path.socket.known && !is_known_kind)) return;
  if (path.datagram) return on_datagram(path);
  Connection* connection = connection_of(path);
  if (connection == nullptr) return stray(path, "no_such_connection", "the logs have no such connection");

  const Range range{path.begin, path.fin ? std::min(path.end, connection->bytes) : path.end};
  if (range.begin >= range.end && path.fin) return;  // the end of the stream was read, no byte
  if (range.begin >= range.end || range.end > connection->bytes) {
    return stray(path, "no_such_bytes", fmt::format("the client sent {} bytes", connection->bytes));
  }
  claim(path, *connection, range);
}

// All clients share one socket: the path knows which datagram it was, the server's log from whom.
void Comparer::on_datagram(const model::Path& path) {
  if (path.begin >= reads_in_time_.size()) {
    return stray(path, "no_such_datagram", fmt::format("the server read {} datagrams", reads_in_time_.size()));
  }
  const ServerRead& read = logs_.reads[reads_in_time_[path.begin]];
  const Range range{read.offset, read.offset + read.bytes};
  Connection& connection = *connection_by_key(read.connection);
  claim(path, connection, range);
  if (path.bytes == read.bytes) return;
  contradicted(path, requests_in(connection, range), "other_length",
               fmt::format("{} bytes, but it was {}", path.bytes, read.bytes));
}

void Comparer::claim(const model::Path& path, Connection& connection, Range range) {
  const Requests requests = requests_in(connection, range);
  judge({path, range.begin, range.end, read_at(connection, range.begin),
         std::span(logs_.requests).subspan(requests.first, requests.last - requests.first)},
        requests);
  if (const auto twice = connection.coverage.add(range)) {
    contradicted(path, requests_in(connection, *twice), "bytes_twice",
                 fmt::format("bytes [{}, {}) are in another path too", twice->begin, twice->end));
  }
}

void Comparer::judge(const Claim& claim, Requests requests) {
  for (const Rule& rule : rules()) {
    if (const auto why = rule.check(claim)) contradicted(claim.path, requests, rule.name, *why);
  }
  if (model::is_complete(claim.path)) return;
  for (std::size_t i = requests.first; i < requests.last; ++i) marks_[i] |= kPartial;
  if (partial_.size() < limit_) {
    partial_.push_back(fmt::format("partial: path {}, connection {}, bytes [{}, {}): {}", claim.path.id,
                                   name_of(claim.read.connection), claim.begin, claim.end,
                                   why_not_complete(claim.path)));
  }
}

Comparer::Connection* Comparer::connection_of(const model::Path& path) {
  if (key_by_ == KeyBy::kCookie) return connection_by_key(path.socket.cookie);
  if (path.socket.family == AF_UNIX) {
    const auto key = keys_by_cookie_.find(static_cast<std::uint32_t>(path.socket.cookie));
    return key == keys_by_cookie_.end() ? nullptr : connection_by_key(key->second);
  }
  return connection_by_key(connection_key(path.socket.family, path.socket.local_port, path.socket.peer_port));
}

Comparer::Connection* Comparer::connection_by_key(std::uint64_t key) {
  const auto found = std::lower_bound(connections_.begin(), connections_.end(), key,
                                      [](const Connection& c, std::uint64_t k) { return c.key < k; });
  return found != connections_.end() && found->key == key ? &*found : nullptr;
}

Comparer::Requests Comparer::requests_in(const Connection& connection, Range range) const {
  const auto begin = logs_.requests.begin() + static_cast<std::ptrdiff_t>(connection.first_request);
  const auto end = logs_.requests.begin() + static_cast<std::ptrdiff_t>(connection.last_request);
  const auto first = std::upper_bound(begin, end, range.begin,
                                      [](std::uint64_t at, const ClientRequest& r) { return at < r.offset + r.bytes; });
  const auto last =
      std::lower_bound(first, end, range.end, [](const ClientRequest& r, std::uint64_t at) { return r.offset < at; });
  return {static_cast<std::size_t>(first - logs_.requests.begin()),
          static_cast<std::size_t>(last - logs_.requests.begin())};
}

const ServerRead& Comparer::read_at(const Connection& connection, std::uint64_t offset) const {
  const auto begin = logs_.reads.begin() + static_cast<std::ptrdiff_t>(connection.first_read);
  const auto end = logs_.reads.begin() + static_cast<std::ptrdiff_t>(connection.last_read);
  const auto found = std::upper_bound(begin, end, offset,
                                      [](std::uint64_t at, const ServerRead& r) { return at < r.offset + r.bytes; });
  WP_CHECK(found != end);  // every byte sent was read: join() made sure of it
  return *found;
}

void Comparer::stray(const model::Path& path, const char* rule, const std::string& why) {
  ++stray_;
  ++contradictions_[rule];
  const std::uint64_t key = connection_key(path.socket.family, path.socket.local_port, path.socket.peer_port);
  note(wrong_, limit_,
       fmt::format("stray: path {}, connection {}, bytes [{}, {}): {}", path.id, name_of(key), path.begin, path.end,
                   why));
}

void Comparer::contradicted(const model::Path& path, Requests requests, const char* rule, const std::string& why) {
  ++contradictions_[rule];
  for (std::size_t i = requests.first; i < requests.last; ++i) marks_[i] |= kWrong;
  const ClientRequest& request = logs_.requests[requests.first];
  note(wrong_, limit_,
       fmt::format("wrong: path {}, connection {}, request {}: {}: {}", path.id, name_of(request.connection),
                   request.id, rule, why));
}

bool Comparer::is_missing(const Connection& connection, std::size_t request) const {
  const ClientRequest& wanted = logs_.requests[request];
  return !connection.coverage.covers({wanted.offset, wanted.offset + wanted.bytes});
}

Verdict Comparer::finish() const {
  Verdict verdict{{}, contradictions_, wrong_};
  Counts& counts = verdict.counts;
  counts.requests = logs_.requests.size();
  counts.stray = stray_;
  std::vector<std::string> missing;
  for (const Connection& connection : connections_) {
    for (std::size_t i = connection.first_request; i < connection.last_request; ++i) {
      if ((marks_[i] & kWrong) != 0) {
        ++counts.wrong;
      } else if (is_missing(connection, i)) {
        ++counts.missing;
        const ClientRequest& request = logs_.requests[i];
        note(missing, limit_,
             fmt::format("missing: connection {}, request {}: not all of bytes [{}, {}) are in a path",
                         name_of(connection.key), request.id, request.offset, request.offset + request.bytes));
      } else {
        ++((marks_[i] & kPartial) != 0 ? counts.partial : counts.complete);
      }
    }
  }
  verdict.explanations.insert(verdict.explanations.end(), missing.begin(), missing.end());
  verdict.explanations.insert(verdict.explanations.end(), partial_.begin(), partial_.end());
  return verdict;
}

}  // namespace wp::truth
