// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What an open connection costs a server in memory, whatever it keeps for it: a buffer, a thread, a process.
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "userspace/base/unique_fd.hpp"

namespace wp::cli {

/// Memory of a process tree as /proc has it. The sockets themselves are the kernel's and not in it.
struct MemoryUse {
  std::uint64_t connections = 0;  ///< opened to measure by
  std::int64_t bytes =
      0;  ///< growth by all of them; proportional share of anonymous memory, page tables, kernel stacks
  std::int64_t tasks = 0;  ///< growth
};

/// A connection to `where` (ADDR:PORT, [ADDR]:PORT, unix:NAME); empty: it was refused. `number`: a Unix client is known
/// by it, and two at a time need two.
UniqueFd connect_to(const std::string& where, std::uint64_t number = 1);

/// Opens a few idle connections to `where` (ADDR:PORT or unix:NAME), looks at the tree of `server`, and closes them.
/// The server is back to where it was when this returns. Nothing: it could not be connected to or looked at.
std::optional<MemoryUse> measure_memory(pid_t server, const std::string& where);

}  // namespace wp::cli
