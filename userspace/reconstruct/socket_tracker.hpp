// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Data between its delivery and its read, by socket: which deliveries a read takes is decided by
// ranges of the socket's stream (ordinals of its queue), never by order of events.
#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "bpf/wire/events.h"
#include "userspace/base/ring.hpp"
#include "userspace/model/model.hpp"
#include "userspace/reconstruct/task_tracker.hpp"

namespace wp::reconstruct {

struct Delivery {
  wp_delivery record{};
  std::vector<wp_witness> further;
  std::uint32_t parts_taken = 0;
  std::uint64_t units_taken = 0;

  [[nodiscard]] DeliveryId id() const { return delivery_id(record.h.cpu, record.h.seq); }
  /// One past the last unit a reader can get: a FIN takes a sequence number but is no data.
  [[nodiscard]] std::uint64_t data_end() const {
    const bool fin = record.flags & WP_DELIVERY_FIN;
    return fin && record.end > record.begin ? record.end - 1 : record.end;
  }
};

/// What a read takes: [begin, end) of one delivery, or of none that is known.
struct Taken {
  const Delivery* delivery = nullptr;  ///< valid until the socket is next changed
  std::uint64_t begin = 0, end = 0;
  std::uint32_t part = 0;
};

/// A read that took data before the kernel announced it, and what was sent after it.
struct EarlyRead {
  ReadCall read{};
  std::optional<wp_send_call> reply;
};

struct SocketState {
  model::Socket socket;
  std::uint64_t known_since = 0;  ///< stream offset: what lies before was delivered before we looked
  Ring<Delivery> unread;
  std::vector<Delivery> overtaken;     ///< later data was read first: their reader may be another, which returns later
  std::vector<EarlyRead> early_reads;  ///< oldest first
  std::uint64_t established_ns = 0;
  std::uint64_t accepted_ns = 0;  ///< return of accept, 0: not seen
  model::TaskId acceptor;
  std::optional<std::uint64_t> accept_queue_ns;    ///< until the first path has taken it
  std::vector<std::unique_ptr<model::Path>> held;  ///< of the reads since the last reply, waiting for theirs
  std::size_t held_reads = 0;
  std::vector<wp_send_call> replies;  ///< after several reads: which is whose shows when no more of them come
  bool closed = false;                ///< TCP: there may be data to read, but nothing more comes or goes
  std::optional<std::list<std::uint64_t>::iterator> idle_place;  ///< the tracker's

  /// Deliveries with data that nobody has read.
  [[nodiscard]] std::uint64_t deliveries_unread() const;
};

class SocketTracker {
 public:
  void on(const wp_socket& record);
  /// The delivery as kept; listeners' are not.
  void on(const wp_delivery& record);
  void on(const wp_witness& record);

  SocketState& get(std::uint64_t cookie);
  SocketState* find(std::uint64_t cookie);
  void forget(std::uint64_t cookie);
  /// A TCP socket was closed with data unread: from now on it is kept like those whose end is not reported.
  void close(SocketState& socket);
  /// The socket to be given up next where more are kept than may be, else nullptr. Only TCP reports the end of
  /// a socket; of all others the most recently used are kept.
  SocketState* surplus();
  /// The socket of a delivery, 0 if that was too long ago.
  [[nodiscard]] std::uint64_t cookie_of(DeliveryId id) const;
  /// In the order of their cookies, for a deterministic end.
  std::vector<SocketState*> all();

  /// Splits a read over the deliveries it takes, in order; uncovered ranges come without a delivery.
  static void taken_by(SocketState& socket, const wp_read_call& read, std::vector<Taken>& parts);
  /// Forgets what lies wholly before `upto`, but for the latest few deliveries that no read is known of.
  static void consume(SocketState& socket, std::uint64_t upto);

  /// Deliveries given up because nobody we watch reads them.
  [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }

 private:
  static constexpr std::size_t kUnreadKept = 4096;
  static constexpr std::size_t kIdleKept = 4096;

  struct Seen {
    DeliveryId id = 0;
    std::uint64_t cookie = 0;
  };
  void used(SocketState& socket);
  void keep_until_closed(SocketState& socket);

  std::uint64_t forgotten_ = 0;
  std::unordered_map<std::uint64_t, SocketState> sockets_;
  std::array<SocketState*, 256> recent_{};  // by the last bits of their cookies: no division to find them
  std::list<std::uint64_t> idle_;           // cookies of sockets whose end nobody reports, the most recently used last
  std::vector<Seen> seen_ = std::vector<Seen>(kDeliverySlots);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> last_on_cpu_;  // cookie and seq of each CPU's last delivery
};

}  // namespace wp::reconstruct
