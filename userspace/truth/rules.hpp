// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What would prove a path wrong. Every rule is one function over one path and what the logs say about its bytes.
#include <optional>
#include <span>
#include <string>

#include "userspace/model/model.hpp"
#include "userspace/truth/records.hpp"

namespace wp::truth {

/// A path, and the truth about the bytes it claims.
struct Claim {
  const model::Path& path;
  std::uint64_t begin = 0, end = 0;         ///< the path's range without the place of a FIN
  const ServerRead& read;                   ///< the call that got byte `begin`
  std::span<const ClientRequest> requests;  ///< all that have bytes in the range; never empty
};

/// Nothing: the claim may stand. Else what is said and what is true, in one line.
using Contradiction = std::optional<std::string>;

Contradiction spans_two_reads(const Claim& claim);
Contradiction other_thread(const Claim& claim);
Contradiction other_process(const Claim& claim);
Contradiction other_descriptor(const Claim& claim);
Contradiction read_outside_call(const Claim& claim);
Contradiction copied_outside_call(const Claim& claim);
Contradiction done_outside_call(const Claim& claim);
Contradiction arrived_before_sent(const Claim& claim);
Contradiction queued_after_read(const Claim& claim);
Contradiction reply_before_read(const Claim& claim);
Contradiction reply_after_echo(const Claim& claim);
Contradiction stages_out_of_order(const Claim& claim);
Contradiction stages_do_not_add_up(const Claim& claim);

struct Rule {
  const char* name;
  Contradiction (*check)(const Claim&);
};

/// All of the above, in the order they are tried.
std::span<const Rule> rules();

}  // namespace wp::truth
