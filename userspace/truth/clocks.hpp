// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// A client on another machine logs by another clock. The exchange itself bounds the difference between the two.
#include "userspace/base/result.hpp"
#include "userspace/truth/files.hpp"

namespace wp::truth {

/// Rewrites the client's times in the server's clock, so that no rule can accuse a right path: a send moves to the
/// earliest moment it can have been, its end and the echo to the latest. What bounds them: the client sent before the
/// server's call returned with the bytes, and had the echo after that. The bounds of 32 requests that follow each other
/// are taken together, so that clocks that drift apart do no harm. An error where they leave no room: then one of the
/// clocks was set, or the logs are not of one run.
Result<void> to_server_clock(Logs& logs);

}  // namespace wp::truth
