// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>

#include "userspace/capture/probes.hpp"

namespace wp::capture {

// Tier 1: programs on functions, for kernels without the tracepoint. Same hook, same counters, same record. Of those
// for one hook the first that can be attached here is taken.
struct StandIn {
  std::uint32_t hook;
  const char* program;
  const char* place;  // as the program's section names it
  const char* function;
  bool is_kprobe = false;
  const char* companion = nullptr;  // a second program that it needs
};
inline constexpr std::array kStandIns = {
    StandIn{WP_HOOK_socket__data_ready, "socket__data_ready_entry", "fentry/sock_def_readable", "sock_def_readable"},
    StandIn{WP_HOOK_socket__recv_length, "socket__recv_length_exit", "fexit/sock_recvmsg", "sock_recvmsg"},
    StandIn{WP_HOOK_socket__data_ready, "socket__data_ready_kprobe", "kprobe/sock_def_readable", "sock_def_readable",
            true},
    StandIn{WP_HOOK_socket__recv_length, "socket__recv_length_kretprobe", "kretprobe/sock_recvmsg", "sock_recvmsg",
            true, "socket__recv_length_kprobe"},
};
inline constexpr const char* kFentry = "fentry";  // in ProbeOptions::without: fentry and fexit are not to be used

// What stands in for a hook's tracepoint; nullptr: nothing has to.
inline const StandIn* stand_in(const HookState& hook) {
  const auto it = std::find_if(kStandIns.begin(), kStandIns.end(),
                               [&](const StandIn& s) { return s.hook == hook.hook && s.place == hook.tracepoint; });
  return it == kStandIns.end() ? nullptr : &*it;
}

inline bool has_stand_in(std::uint32_t hook) {
  return std::any_of(kStandIns.begin(), kStandIns.end(), [&](const StandIn& s) { return s.hook == hook; });
}

}  // namespace wp::capture
