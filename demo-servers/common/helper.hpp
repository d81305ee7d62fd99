// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// A thread that waits for data in the proper way and hands the descriptors that have some to the server's own thread
// through memory: no system call tells that thread.
#include <atomic>

#include "demo-servers/common/scan.hpp"

namespace wp::demo {

/// One producer, one consumer.
class Handover {
 public:
  void put(int fd) {
    while (written_.load(std::memory_order_relaxed) - taken_.load(std::memory_order_acquire) == kRoom) continue;
    slots_[written_.load(std::memory_order_relaxed) % kRoom] = fd;
    written_.fetch_add(1, std::memory_order_release);
  }
  /// -1: nothing there.
  int take() {
    const std::size_t next = taken_.load(std::memory_order_relaxed);
    if (next == written_.load(std::memory_order_acquire)) return -1;
    const int fd = slots_[next % kRoom];
    taken_.fetch_add(1, std::memory_order_release);
    return fd;
  }

 private:
  static constexpr std::size_t kRoom = 1024;
  std::array<int, kRoom> slots_{};
  std::atomic<std::size_t> written_{0}, taken_{0};
};

/// Waits on its own epoll instance; a descriptor is reported once (EPOLLONESHOT) until rearm().
class Helper {
 public:
  Helper() : epoll_(make_epoll()) {
    std::thread([this] { run(); }).detach();
  }
  void watch(int fd) { set_interest(epoll_, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLONESHOT); }
  /// Nothing, where the connection is gone.
  void rearm(int fd) { try_interest(epoll_, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLONESHOT, {.fd = fd}); }
  Handover& ready() { return ready_; }

 private:
  void run() {
    std::array<epoll_event, 64> events;
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) ready_.put(events[static_cast<std::size_t>(i)].data.fd);
    }
  }

  int epoll_;
  Handover ready_;
};

/// The server's thread: `idle()` is what it does when memory says there is nothing.
template <typename Idle>
void serve_from_memory(Connections& connections, Idle idle) {
  Helper helper;
  helper.watch(connections.listener());
  for (;;) {
    const int fd = helper.ready().take();
    if (fd < 0) {
      idle();
      continue;
    }
    if (fd == connections.listener())
      connections.accept_all([&](int accepted) { helper.watch(accepted); });
    else
      connections.serve(fd);
    helper.rearm(fd);
  }
}

}  // namespace wp::demo
