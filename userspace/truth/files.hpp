// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Reads the logs of a demo run and refuses those that could not prove anything.
#include <string>
#include <vector>

#include "userspace/base/result.hpp"
#include "userspace/truth/records.hpp"

namespace wp::truth {

/// Both logs, each sorted by connection and offset.
struct Logs {
  std::vector<ClientRequest> requests;
  std::vector<ServerRead> reads;
};

Result<std::vector<ClientRequest>> read_client_log(const std::string& file);
Result<std::vector<ServerRead>> read_server_log(const std::string& file);

/// Sorts, and checks that the two tell one story: on every connection the requests follow each other without a hole
/// from byte 0, the reads do the same, and both end at the same byte. Else an error: nothing may be judged by such
/// logs.
Result<Logs> join(std::vector<ClientRequest> requests, std::vector<ServerRead> reads);

}  // namespace wp::truth
