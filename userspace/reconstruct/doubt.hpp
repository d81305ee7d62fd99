// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What a path says because something was not seen becomes unknown where that may not have been recorded.
#include <cstdint>

#include "userspace/model/model.hpp"

namespace wp::reconstruct {

/// Its earliest instant, ns; 0: it has none.
std::uint64_t begin_of(const model::Path& path);
void set_unknown(model::Path& path, model::Stage stage, model::Reason why);
/// "No wake was needed" rests on no wake having been seen. True if that was all it rested on.
bool doubt_wake(model::Path& path, model::Reason why);
/// All of the path but its reply.
void doubt_path(model::Path& path, model::Reason why);
void doubt_reply(model::Path& path, model::Reason why);

}  // namespace wp::reconstruct
