// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Why the kernel would not, or did not, let us: cause, evidence, remedy, in one line. libbpf's own words are "failed to
// load ... -1", and the same EPERM has half a dozen causes.
#include <optional>
#include <string>

#include "userspace/base/result.hpp"

namespace wp::capture {

/// What is known to make recording impossible before anything was tried; nullopt: nothing.
std::optional<Error> known_obstacle();

/// For a load that ended with `error` (an errno): the most likely cause, with what it was told by.
Error explain_refusal(int error, const std::string& first_words);

}  // namespace wp::capture
