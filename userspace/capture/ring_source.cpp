// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/capture/ring_source.hpp"

#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace wp::capture {

namespace {

std::size_t page_size() {
  static const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

std::size_t producer_length(std::size_t bytes) { return page_size() + 2 * bytes; }

}  // namespace

Result<Ring> Ring::map(int map_fd, std::size_t bytes, bool is_sealed) {
  void* consumer = mmap(nullptr, page_size(), PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
  if (consumer == MAP_FAILED) return Error{ExitCode::kError, std::string("map a ring: ") + std::strerror(errno)};
  void* producer =
      mmap(nullptr, producer_length(bytes), PROT_READ, MAP_SHARED, map_fd, static_cast<off_t>(page_size()));
  if (producer == MAP_FAILED) {
    const int error = errno;
    munmap(consumer, page_size());
    return Error{ExitCode::kError,
                 std::string("map a ring's data: ") + std::strerror(error) + "; pass a smaller --ring"};
  }
  return Ring(consumer, producer, bytes, is_sealed);
}

Ring::Ring(void* consumer, void* producer, std::size_t bytes, bool is_sealed)
    : bytes_(bytes), is_sealed_(is_sealed), consumer_page_(consumer), producer_pages_(producer) {}

Ring::Ring(Ring&& other) noexcept
    : bytes_(other.bytes_),
      is_sealed_(other.is_sealed_),
      seals_(other.seals_),
      consumer_page_(std::exchange(other.consumer_page_, nullptr)),
      producer_pages_(std::exchange(other.producer_pages_, nullptr)) {}

Ring::~Ring() {
  if (consumer_page_) munmap(consumer_page_, page_size());
  if (producer_pages_) munmap(producer_pages_, producer_length(bytes_));
}

Ring::Turn Ring::drain(std::vector<std::byte>& out) {
  auto* consumer = static_cast<unsigned long*>(consumer_page_);
  const auto* producer = static_cast<const unsigned long*>(producer_pages_);
  const std::byte* data = static_cast<const std::byte*>(producer_pages_) + page_size();
  const unsigned long end = __atomic_load_n(producer, __ATOMIC_ACQUIRE);
  unsigned long at = *consumer;

  Turn turn;
  turn.waiting = end - at;
  while (at < end) {
    const std::byte* header = data + (at & (bytes_ - 1));
    const std::uint32_t length = __atomic_load_n(reinterpret_cast<const std::uint32_t*>(header), __ATOMIC_ACQUIRE);
    if (length & BPF_RINGBUF_BUSY_BIT) break;  // reserved, not yet filled: what lies behind has to wait
    const std::uint32_t size = length & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
    if (!(length & BPF_RINGBUF_DISCARD_BIT)) {
      std::span<const std::byte> record(header + BPF_RINGBUF_HDR_SZ, size);
      if (is_sealed_) record = unsealed(record, seals_);
      out.insert(out.end(), record.begin(), record.end());
      ++turn.records;
    }
    at += (size + BPF_RINGBUF_HDR_SZ + 7U) & ~7UL;
  }
  __atomic_store_n(consumer, at, __ATOMIC_RELEASE);
  turn.caught_up = at == end;
  return turn;
}

}  // namespace wp::capture
