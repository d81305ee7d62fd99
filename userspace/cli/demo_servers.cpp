// SPDX-License-Identifier: GPL-2.0-or-later
// The servers that answer requests the ordinary way.
#include "userspace/cli/demo_table.hpp"

namespace wp::cli {
namespace {

constexpr Demo kServers[] = {
    {.name = "epoll",
     .catalogue = "D4",
     .program = "wakepath-epoll-echo",
     .connections = 64,
     .wake_functions = {"ep_poll_callback"},
     .shows = "waits in epoll_wait, level-triggered: one lasting entry on every socket's wait queue",
     .special = "{requests_per_wake:.1f} requests a wake: the entry stays on the socket's queue between two calls, and "
                "what is ready when epoll_wait is called costs no sleep"},
    {.name = "select",
     .catalogue = "D2",
     .program = "wakepath-select-echo",
     .connections = 64,
     .wake_functions = {"pollwake"},
     .shows = "waits in select: an entry on every socket's wait queue at each call, gone at its return",
     .special = "{waits_per_request:.2f} waits a request, and each of them looks at every descriptor"},
    {.name = "poll",
     .catalogue = "D3",
     .program = "wakepath-poll-echo",
     .connections = 64,
     .wake_functions = {"pollwake"},
     .shows = "waits in poll: in the kernel the same as select",
     .special = "in the kernel the same entry as select's, {waits_per_request:.2f} waits a request"},
    {.name = "blocking",
     .catalogue = "D1",
     .program = "wakepath-blocking-echo",
     .one_at_a_time = true,
     .connections = 1,
     .wake_functions = {"woken_wake_function"},
     .shows = "waits in recv itself, one connection at a time: the wake is inside the read",
     .special = "{calls_per_request:.2f} system calls a request: with nothing to choose from, no call is spent on "
                "choosing"},
};

}  // namespace

std::span<const Demo> demo_servers() { return kServers; }

}  // namespace wp::cli
