// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// WP_CHECK: we are wrong, not the input. Aborts with the place, in every build.
#include <cstdio>
#include <cstdlib>

namespace wp {

[[noreturn]] inline void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "wakepath: internal error: %s:%d: %s does not hold\n", file, line, condition);
  std::abort();
}

}  // namespace wp

#define WP_CHECK(condition) ((condition) ? static_cast<void>(0) : ::wp::check_failed(#condition, __FILE__, __LINE__))
