// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Who accepts, who reads, how many connections at a time, and who was born for one.
#include <vector>

#include "userspace/judge/classifier.hpp"

namespace wp::judge {

/// Processes of one descent among those recorded, with their threads.
struct Server {
  std::uint32_t pid = 0;
  std::string comm;
  std::vector<const model::ThreadEvidence*> threads;  ///< by process, then by thread
};
std::vector<Server> servers_of(const model::Evidence& evidence);

/// Everything of the verdict but its threads and what they sum up to.
ServerVerdict judge_architecture(const Server& server);

/// The class of the server as a whole: the worst that one of its threads with a network role is.
void sum_up_threads(ServerVerdict& v);

}  // namespace wp::judge
