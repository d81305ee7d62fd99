// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// The demos there are: adding one is adding a row (and a server in demo-servers/).
#include <span>
#include <string_view>

namespace wp::cli {

struct Demo {
  const char* name;
  const char* server;          ///< program
  const char* shows;           ///< for `demo list`
  bool one_at_a_time = false;  ///< it serves one connection after another
};

inline constexpr Demo kDemos[] = {
    {"epoll", "wakepath-epoll-echo",
     "waits in epoll_wait, level-triggered: one lasting entry on every socket's wait queue"},
    {"select", "wakepath-select-echo",
     "waits in select: an entry on every socket's wait queue at each call, gone at its return"},
    {"poll", "wakepath-poll-echo", "waits in poll: in the kernel the same as select"},
    {"blocking", "wakepath-blocking-echo",
     "waits in recv itself, one connection at a time: the wake is inside the read", true},
};

/// Null: no such demo.
inline const Demo* find_demo(std::string_view name) {
  for (const Demo& demo : kDemos) {
    if (name == demo.name) return &demo;
  }
  return nullptr;
}

}  // namespace wp::cli
