// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// The system calls we look at, by this machine's numbers.
#include <array>
#include <cstdint>
#include <vector>

#include "bpf/wire/shared.h"

namespace wp::capture {

struct Syscall {
  std::uint16_t nr;
  const char* name;
  wp_call_info info;
};

/// Every call in the table that exists on this architecture.
const std::vector<Syscall>& syscalls();

/// Calls that no program looks at but that a task may sleep in: for their names only.
struct CallName {
  int nr;
  const char* name;
};
const std::vector<CallName>& other_calls();

}  // namespace wp::capture
