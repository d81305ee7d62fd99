// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Making an epoll instance, and what it is to watch. Waiting for it is what the servers differ in.
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include <cstdint>

#include "demo-servers/common/net.hpp"

namespace wp::demo {

inline int make_epoll() {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) give_up_on_errno("epoll_create1");
  return epoll;
}

/// EPIOCSPARAMS, of Linux 6.9: younger than the headers of some distributions this is built on.
inline void prefer_busy_poll(int epoll, std::uint32_t busy_us) {
  struct {
    std::uint32_t busy_poll_us;
    std::uint16_t budget;
    std::uint8_t prefer;
    std::uint8_t pad;
  } const parameters{busy_us, 8, 1, 0};
  if (ioctl(epoll, _IOW(0x8A, 0x01, parameters), &parameters) != 0) give_up_on_errno("EPIOCSPARAMS (Linux 6.9)");
}

/// `operation`: EPOLL_CTL_ADD or EPOLL_CTL_MOD. `told`: what epoll_wait() says of it. False: it is gone (errno).
inline bool try_interest(int epoll, int operation, int fd, std::uint32_t events, epoll_data_t told) {
  epoll_event event{events, told};
  return epoll_ctl(epoll, operation, fd, &event) == 0;
}

inline void set_interest(int epoll, int operation, int fd, std::uint32_t events, epoll_data_t told) {
  if (!try_interest(epoll, operation, fd, events, told)) give_up_on_errno("epoll_ctl");
}

/// As most servers have it: they are told the descriptor.
inline void set_interest(int epoll, int operation, int fd, std::uint32_t events) {
  set_interest(epoll, operation, fd, events, {.fd = fd});
}

}  // namespace wp::demo
