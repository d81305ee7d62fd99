// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// One connection of the load, and the requests outstanding on it.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <utility>
#include <vector>

#include "demo-servers/common/load_options.hpp"
#include "demo-servers/common/truth_log.hpp"

namespace wp::demo {

/// {magic and connection, request id, a pattern that differs from request to request}
inline void write_message(std::vector<char>& to, std::size_t bytes, std::uint32_t connection, std::uint64_t id) {
  constexpr std::uint64_t kMagic = 0x5770'4563U;
  const std::array<std::uint64_t, 2> head{kMagic << 32U | connection, id};
  const std::size_t begin = to.size();
  to.resize(begin + bytes, static_cast<char>(id * 31 + connection));
  std::memcpy(to.data() + begin, head.data(), sizeof head);
}

/// Never returns without a connection.
inline int connected_socket(const LoadOptions& options, std::uint32_t index) {
  const int family = options.server.any.sa_family;
  const int fd = socket(family, (options.udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
  if (fd < 0) give_up_on_errno("socket");
  if (family == AF_UNIX) {  // a name by which the server can tell its clients apart
    const Address own = unix_address("wakepath-load-" + std::to_string(getpid()) + "-" + std::to_string(index + 1));
    if (bind(fd, &own.any, size_of(own)) != 0) give_up_on_errno("bind");
  }
  if (connect(fd, &options.server.any, size_of(options.server)) != 0) give_up_on_errno("connect");
  if (!options.udp) send_at_once(fd);
  return fd;
}

/// One connection and the requests outstanding on it.
class Flow {
 public:
  /// Connects. `index`: from 0, one for each connection of the load.
  Flow(const LoadOptions& options, std::uint32_t index, std::uint64_t requests)
      : options_(options), index_(index), left_(requests), fd_(connected_socket(options, index)) {
    const Address local = name_of_socket(fd_);
    key_ = local.any.sa_family == AF_UNIX
               ? wp::truth::unix_key(index + 1)
               : wp::truth::connection_key(local.any.sa_family, port_of(options.server), port_of(local));
  }
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;
  ~Flow() { close(fd_); }

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool done() const { return outstanding_.empty() && left_ == 0; }
  [[nodiscard]] bool idle() const { return outstanding_.empty() && left_ > 0; }
  [[nodiscard]] bool has_to_send() const { return sent_ < queued_; }
  /// Every request it was to send has left.
  [[nodiscard]] bool sent_all() const { return left_ == 0 && !has_to_send(); }
  void start_no_more() { left_ = 0; }
  [[nodiscard]] std::uint32_t index() const { return index_; }

  /// The next request was due at `due_ns`, whenever it can be sent: its latency counts from there.
  void add_due(std::uint64_t due_ns) { due_.push_back(due_ns); }

  /// Tells the server that nothing more will come: its reads return 0 once it has all.
  void close_half() const { shutdown(fd_, SHUT_WR); }
  /// The connection ends with a reset instead of a FIN.
  void reset_at_close() const {
    const linger now{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  /// One urgent byte while nothing else is to be sent. It is no part of any request, but has its place in the stream.
  [[nodiscard]] bool send_urgent() {
    ++urgent_since_request_;
    ++queued_;
    ++sent_;
    return send(fd_, "!", 1, MSG_OOB | MSG_NOSIGNAL) == 1;
  }

  /// Puts as many requests as pipeline and batch allow into the send queue, and sends. False: the connection broke.
  bool send_requests() {
    while (left_ > 0 && outstanding_.size() < std::max(options_.pipeline, options_.batch)) {
      if (options_.rate > 0 && due_.empty()) break;
      if (options_.batch > 1 && outstanding_.empty()) batch_left_ = options_.batch;
      if (options_.batch > 1 && batch_left_ == 0) break;
      if (options_.batch > 1) --batch_left_;
      write_message(unsent_, options_.message_bytes, index_, next_id_);
      outstanding_.push_back({key_, next_id_, queued_, 0, 0, 0, static_cast<std::uint32_t>(options_.message_bytes),
                              std::exchange(urgent_since_request_, 0)});
      intended_.push_back(options_.rate > 0 ? due_.front() : 0);
      if (options_.rate > 0) due_.pop_front();
      queued_ += options_.message_bytes;
      ++next_id_;
      --left_;
    }
    return flush();
  }

  /// False: the connection broke.
  bool flush() {
    while (has_to_send()) {
      const std::size_t piece = piece_to_send();
      const std::uint64_t before_ns = now_ns();
      const ssize_t done = send(fd_, unsent_.data(), piece, MSG_NOSIGNAL | MSG_DONTWAIT);
      const std::uint64_t after_ns = now_ns();
      if (done < 0) return errno == EAGAIN;
      note_sent(static_cast<std::uint64_t>(done), before_ns, after_ns);
      unsent_.erase(unsent_.begin(), unsent_.begin() + done);
      if (options_.split > 1 && has_to_send()) usleep(static_cast<useconds_t>(options_.split_pause_us));
    }
    return true;
  }

  /// Reads once and hands every request whose echo is whole and right to `finished(request, from_ns)`, where from_ns is
  /// when it was meant to be sent. False: broken or a wrong echo.
  template <typename Finished>
  bool read_echoes(Finished finished) {
    static std::array<char, 65536> room;  // one thread, one read at a time
    const ssize_t got = recv(fd_, room.data(), room.size(), MSG_DONTWAIT);
    const std::uint64_t now = now_ns();
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) return false;
    received_.insert(received_.end(), room.begin(), room.begin() + got);
    std::size_t used = 0;
    for (; received_.size() - used >= options_.message_bytes; used += options_.message_bytes) {
      if (outstanding_.empty()) return false;
      wp::truth::ClientRequest& request = outstanding_.front();
      expected_.clear();
      write_message(expected_, options_.message_bytes, index_, request.id);
      if (std::memcmp(expected_.data(), received_.data() + used, expected_.size()) != 0) return false;
      request.reply_ns = now;
      finished(request, intended_.front() > 0 ? intended_.front() : request.send_before_ns);
      outstanding_.pop_front();
      intended_.pop_front();
    }
    received_.erase(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(used));
    return true;
  }

  [[nodiscard]] std::uint64_t unanswered() const { return outstanding_.size() + left_; }

 private:
  [[nodiscard]] std::size_t piece_to_send() const {
    if (options_.split == 1) return unsent_.size();
    const std::size_t part = (options_.message_bytes + options_.split - 1) / options_.split;
    const std::size_t left_of_message = options_.message_bytes - sent_ % options_.message_bytes;
    return std::min(part, left_of_message);
  }

  void note_sent(std::uint64_t bytes, std::uint64_t before_ns, std::uint64_t after_ns) {
    const std::uint64_t begin = sent_;
    sent_ += bytes;
    // Only the youngest requests can be touched: the ones before them were sent whole.
    for (auto request = outstanding_.rbegin(); request != outstanding_.rend(); ++request) {
      const std::uint64_t end = request->offset + request->bytes;
      if (end <= begin) break;
      if (request->offset >= begin && request->offset < sent_) request->send_before_ns = before_ns;
      if (end <= sent_) request->send_after_ns = after_ns;
    }
  }

  const LoadOptions& options_;
  std::uint32_t index_;
  std::uint64_t left_, next_id_ = 0, batch_left_ = 0;
  std::uint64_t key_ = 0, queued_ = 0, sent_ = 0;  ///< bytes since the connection was established, urgent ones too
  std::uint32_t urgent_since_request_ = 0;
  int fd_;
  std::deque<std::uint64_t> due_;       ///< requests that should have been sent by now
  std::deque<std::uint64_t> intended_;  ///< beside outstanding_; 0: whenever the last one was answered
  std::vector<char> unsent_, received_, expected_;
  std::deque<wp::truth::ClientRequest> outstanding_;
};

}  // namespace wp::demo
