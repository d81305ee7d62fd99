// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// How the packet behind a delivery came in: interrupt, softirq, driver, stack, protocol.
#include "userspace/model/model.hpp"
#include "userspace/reconstruct/names.hpp"
#include "userspace/reconstruct/socket_tracker.hpp"

namespace wp::reconstruct {

/// Fills path.arrival and the stages from hw to protocol.
void add_arrival(model::Path& path, const Delivery& delivery, const NameTable& names);

}  // namespace wp::reconstruct
