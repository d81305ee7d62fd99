// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Which processes hold a descriptor of which socket: a fork copies descriptors, not sockets, and a socket ends when the
// last of them is closed.
#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <unordered_map>

#include "bpf/wire/events.h"
#include "userspace/model/activity.hpp"

namespace wp::reconstruct {

class HolderTracker {
 public:
  /// A call of the process used `fd` for this socket, or made it.
  void uses(std::uint32_t pid, std::int32_t fd, std::uint64_t cookie);
  void forked(std::uint32_t parent, std::uint32_t child);
  void ended(std::uint32_t pid);
  void on(const wp_close_call& r);
  void on(const wp_sock_state& r);

  [[nodiscard]] model::SharedSockets finish() const;

 private:
  void let_go(std::uint32_t pid, std::uint64_t cookie);
  struct Use {
    std::uint32_t pid = 0;
    std::int32_t fd = -1;
    std::uint64_t cookie = 0;
    bool operator==(const Use&) const = default;
  };
  Use& latest_of(std::uint32_t pid, std::int32_t fd) {
    return latest_[(pid * 31U + static_cast<std::uint32_t>(fd)) % latest_.size()];
  }

  using Table = std::map<std::int32_t, std::uint64_t>;  // descriptor -> cookie
  struct Socket {
    std::set<std::uint32_t> holders;
    std::size_t most = 0;
    std::uint64_t closes_without_fin = 0;
    bool ended = false, with_the_last = false;
  };
  std::unordered_map<std::uint32_t, Table> tables_;  ///< by process
  std::unordered_map<std::uint64_t, Socket> sockets_;
  std::array<Use, 256> latest_;  ///< what the tables say already, without a search
  static constexpr std::size_t kSocketsKept = 65536;
};

}  // namespace wp::reconstruct
