// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/reconstruct/holder_tracker.hpp"

#include <algorithm>

namespace wp::reconstruct {

namespace {

constexpr std::uint32_t kFinWait1 = 4, kTcpClose = 7, kLastAck = 9;

}  // namespace

void HolderTracker::uses(std::uint32_t pid, std::int32_t fd, std::uint64_t cookie) {
  if (fd < 0 || !cookie) return;
  Use& latest = latest_of(pid, fd);
  if (latest == Use{pid, fd, cookie}) return;
  latest = {pid, fd, cookie};
  std::uint64_t& place = tables_[pid][fd];
  if (place == cookie) return;
  if (place) let_go(pid, place);  // its close was not seen
  place = cookie;
  if (sockets_.size() >= kSocketsKept && !sockets_.contains(cookie)) return;
  Socket& socket = sockets_[cookie];
  socket.holders.insert(pid);
  socket.most = std::max(socket.most, socket.holders.size());
}

void HolderTracker::forked(std::uint32_t parent, std::uint32_t child) {
  const auto table = tables_.find(parent);
  if (table == tables_.end()) return;
  const Table copy = table->second;
  for (const auto& [fd, cookie] : copy) uses(child, fd, cookie);
}

void HolderTracker::let_go(std::uint32_t pid, std::uint64_t cookie) {
  const auto found = sockets_.find(cookie);
  if (found == sockets_.end()) return;
  Socket& socket = found->second;
  if (!socket.holders.erase(pid)) return;
  if (!socket.holders.empty() && !socket.ended) ++socket.closes_without_fin;
  if (socket.holders.empty() && socket.most < 2) sockets_.erase(found);  // nothing to tell of it
}

void HolderTracker::ended(std::uint32_t pid) {
  const auto table = tables_.find(pid);
  if (table == tables_.end()) return;
  for (const auto& [fd, cookie] : table->second) let_go(pid, cookie);
  tables_.erase(pid);
  latest_.fill({});
}

void HolderTracker::on(const wp_close_call& r) {
  const auto table = tables_.find(r.pid);
  if (r.ret != 0 || table == tables_.end()) return;
  const auto place = table->second.find(r.fd);
  if (place == table->second.end()) return;
  const std::uint64_t cookie = place->second;
  table->second.erase(place);
  latest_of(r.pid, r.fd) = {};
  const bool has_another = std::any_of(table->second.begin(), table->second.end(),
                                       [cookie](const auto& entry) { return entry.second == cookie; });
  if (!has_another) let_go(r.pid, cookie);
}

// The FIN leaves inside the close() that lets go of the last descriptor, before that returns.
void HolderTracker::on(const wp_sock_state& r) {
  if (r.to != kFinWait1 && r.to != kLastAck && r.to != kTcpClose) return;
  const auto found = sockets_.find(r.cookie);
  if (found == sockets_.end() || found->second.ended) return;
  Socket& socket = found->second;
  socket.ended = true;
  const std::size_t others = socket.holders.size() - (r.pid ? socket.holders.count(r.pid) : 0);
  socket.with_the_last = others == 0;
}

model::SharedSockets HolderTracker::finish() const {
  model::SharedSockets shared;
  for (const auto& [cookie, socket] : sockets_) {
    if (socket.most < 2) continue;
    ++shared.sockets;
    shared.most_holders = std::max<std::uint64_t>(shared.most_holders, socket.most);
    shared.closes_without_fin += socket.closes_without_fin;
    shared.fins_with_the_last += socket.ended && socket.with_the_last;
    shared.fins_before_the_last += socket.ended && !socket.with_the_last;
  }
  return shared;
}

}  // namespace wp::reconstruct
