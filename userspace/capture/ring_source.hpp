// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Reads the per-CPU rings: our own consumer of BPF_MAP_TYPE_RINGBUF's documented layout
// (Documentation/bpf/ringbuf.rst), because libbpf's drains until empty, which under load is for ever,
// and because a turn has to tell whether it saw everything that was there when it began.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "userspace/base/result.hpp"
#include "userspace/capture/seal.hpp"

namespace wp::capture {

class Ring {
 public:
  /// Maps the ring behind a map descriptor; `bytes` is its size, a power of two. Sealed: each record has a wp_seal.
  static Result<Ring> map(int map_fd, std::size_t bytes, bool is_sealed = false);
  Ring(Ring&& other) noexcept;
  Ring& operator=(Ring&&) = delete;
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring();

  struct Turn {
    std::uint64_t records = 0;
    std::size_t waiting = 0;  ///< bytes that waited when the turn began
    bool caught_up = false;   ///< everything reserved before the turn began was taken
  };
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// Appends every finished record to `out`, whole and in the order of their reservation, and frees their room.
  Turn drain(std::vector<std::byte>& out);
  [[nodiscard]] const SealCounts& seals() const { return seals_; }

 private:
  Ring(void* consumer, void* producer, std::size_t bytes, bool is_sealed);

  std::size_t bytes_;
  bool is_sealed_;
  SealCounts seals_;
  void* consumer_page_;
  void* producer_pages_;
};

}  // namespace wp::capture
