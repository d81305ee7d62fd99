// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// The words shared by every report: who and where, never a number that needs a header file to be read.
#include <string>

#include "userspace/model/model.hpp"

namespace wp::report {

const char* family_name(const model::Socket& socket);    ///< "inet", "inet6", "unix", "unknown"
const char* protocol_name(const model::Socket& socket);  ///< "tcp", "udp", "unix_stream", ...
/// "127.0.0.1:80", "[::1]:80"; empty for a socket without addresses.
std::string local_address(const model::Socket& socket);
std::string peer_address(const model::Socket& socket);
/// "MSG_PEEK|MSG_DONTWAIT", unknown bits in hex; empty for none.
std::string msg_flags_text(std::uint32_t flags);

}  // namespace wp::report
