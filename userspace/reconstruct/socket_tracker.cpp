// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/reconstruct/socket_tracker.hpp"

#include <algorithm>
#include <cstring>

namespace wp::reconstruct {
namespace {

constexpr std::uint16_t kTcp = 6;
constexpr std::uint32_t kMsgPeek = 2;
constexpr std::size_t kOvertakenKept = 4;

bool has_data(const Delivery& delivery) { return delivery.data_end() > delivery.record.begin; }

}  // namespace

std::uint64_t SocketState::deliveries_unread() const {
  return static_cast<std::uint64_t>(std::count_if(unread.begin(), unread.end(), has_data));
}

void SocketTracker::on(const wp_socket& r) {
  SocketState& state = get(r.cookie);
  model::Socket& s = state.socket;
  s.cookie = r.cookie;
  s.family = r.family;
  s.protocol = r.protocol;
  s.type = r.type;
  std::memcpy(s.local.data(), r.local.b, s.local.size());
  std::memcpy(s.peer.data(), r.peer.b, s.peer.size());
  s.local_port = r.local_port;
  s.peer_port = r.peer_port;
  s.netns = r.netns;
  s.listener = r.listener;
  s.known = true;
  state.known_since = r.received;
  if (s.protocol == kTcp) keep_until_closed(state);
}

void SocketTracker::on(const wp_delivery& record) {
  if (record.h.cpu >= last_on_cpu_.size()) last_on_cpu_.resize(record.h.cpu + 1U);
  last_on_cpu_[record.h.cpu] = {record.cookie, record.h.seq};
  const DeliveryId id = delivery_id(record.h.cpu, record.h.seq);
  seen_[delivery_slot(id)] = {id, record.cookie};
  if (record.flags & WP_DELIVERY_LISTENER) return;
  SocketState& state = get(record.cookie);
  state.unread.push_back({}).record = record;
  if (state.unread.size() > kUnreadKept) {
    state.unread.pop_front();
    ++forgotten_;
  }
}

void SocketTracker::on(const wp_witness& record) {
  if (record.h.cpu >= last_on_cpu_.size()) return;
  const auto [cookie, seq] = last_on_cpu_[record.h.cpu];
  SocketState* state = seq == record.delivery ? find(cookie) : nullptr;
  if (!state || state->unread.empty() || state->unread.back().record.h.seq != record.delivery) return;
  state->unread.back().further.push_back(record);
}

SocketState& SocketTracker::get(std::uint64_t cookie) {
  if (SocketState* recent = find(cookie)) {
    used(*recent);
    return *recent;
  }
  SocketState& state = sockets_[cookie];
  state.socket.cookie = cookie;
  state.idle_place = idle_.insert(idle_.end(), cookie);
  return state;
}

void SocketTracker::used(SocketState& socket) {
  if (socket.idle_place) idle_.splice(idle_.end(), idle_, *socket.idle_place);
}

void SocketTracker::keep_until_closed(SocketState& socket) {
  if (!socket.idle_place) return;
  idle_.erase(*socket.idle_place);
  socket.idle_place.reset();
}

void SocketTracker::close(SocketState& socket) {
  socket.closed = true;
  if (!socket.idle_place) socket.idle_place = idle_.insert(idle_.end(), socket.socket.cookie);
}

SocketState* SocketTracker::surplus() { return idle_.size() > kIdleKept ? find(idle_.front()) : nullptr; }

std::uint64_t SocketTracker::cookie_of(DeliveryId id) const {
  const Seen& seen = seen_[delivery_slot(id)];
  return id && seen.id == id ? seen.cookie : 0;
}

SocketState* SocketTracker::find(std::uint64_t cookie) {
  SocketState*& recent = recent_[cookie % recent_.size()];
  if (recent && recent->socket.cookie == cookie) return recent;
  const auto it = sockets_.find(cookie);
  if (it == sockets_.end()) return nullptr;
  return recent = &it->second;
}

void SocketTracker::forget(std::uint64_t cookie) {
  const auto it = sockets_.find(cookie);
  if (it == sockets_.end()) return;
  keep_until_closed(it->second);
  recent_[cookie % recent_.size()] = nullptr;
  sockets_.erase(it);
}

std::vector<SocketState*> SocketTracker::all() {
  std::vector<SocketState*> states;
  for (auto& [cookie, state] : sockets_) states.push_back(&state);
  std::sort(states.begin(), states.end(),
            [](const auto* a, const auto* b) { return a->socket.cookie < b->socket.cookie; });
  return states;
}

void SocketTracker::taken_by(SocketState& socket, const wp_read_call& read, std::vector<Taken>& parts) {
  parts.clear();
  std::uint64_t at = read.begin;
  const auto take_from = [&](Delivery& delivery) {
    const std::uint64_t begin = std::max(at, delivery.record.begin), end = std::min(read.end, delivery.data_end());
    if (begin >= end) return;
    if (begin > at) parts.push_back({nullptr, at, begin, 0});
    parts.push_back({&delivery, begin, end, delivery.parts_taken});
    at = end;
    if (read.msg_flags & kMsgPeek) return;
    ++delivery.parts_taken;
    delivery.units_taken += end - begin;
  };
  for (Delivery& delivery : socket.overtaken) take_from(delivery);
  for (Delivery& delivery : socket.unread) {
    if (at == read.end) break;
    take_from(delivery);
  }
  if (at < read.end) parts.push_back({nullptr, at, read.end, 0});
}

void SocketTracker::consume(SocketState& socket, std::uint64_t upto) {
  const auto is_read = [](const Delivery& delivery) {
    return delivery.units_taken >= delivery.data_end() - delivery.record.begin;
  };
  for (; !socket.unread.empty() && socket.unread.front().data_end() <= upto; socket.unread.pop_front()) {
    if (is_read(socket.unread.front())) continue;
    if (socket.overtaken.size() == kOvertakenKept) socket.overtaken.erase(socket.overtaken.begin());
    socket.overtaken.push_back(std::move(socket.unread.front()));
  }
  std::erase_if(socket.overtaken, is_read);
}

}  // namespace wp::reconstruct
