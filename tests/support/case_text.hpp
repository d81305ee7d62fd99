// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What the golden cases compare: a path and a summary, short, whole, and the same on every machine.
//
//   path 1: srv[42] tcp 7 [0,64) 64 bytes; complete, total 9000
//     arrived  driver=0@0 raise:not_needed(raised_by_handover) ... queued=400@0; lo loopback xmit inline, in softirq
//
// stage=T@CPU was observed T ns after the first event of the case; ~rule behind it: inferred by that rule.
// stage:seen(reason) has no time; neighbours that agree are joined by commas. A card that stamps no packets is
// not mentioned, because no case has another.
#include <cstdint>
#include <string>

#include "userspace/model/model.hpp"

namespace wp::test {

/// Two to four lines, each with its newline; times count from `zero_ns`.
std::string case_text(const model::Path& path, std::uint64_t zero_ns);
/// What is not zero; diagnostics and gaps have lines of their own.
std::string case_text(const model::Summary& summary, std::uint64_t zero_ns);

}  // namespace wp::test
