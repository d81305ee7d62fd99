// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/truth/files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace wp::truth {
namespace {

template <typename Record>
Result<std::vector<Record>> read_log(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error{ExitCode::kError, fmt::format("open log '{}': {}", file, std::strerror(errno))};
  FileHeader header;
  in.read(reinterpret_cast<char*>(&header), sizeof header);
  if (!in || header.magic != Record::kMagic || header.record_bytes != sizeof(Record)) {
    return Error{ExitCode::kError,
                 fmt::format("read log '{}': not a log of this kind; was its writer stopped early?", file)};
  }
  if (header.dropped > 0) {
    return Error{ExitCode::kError,
                 fmt::format("read log '{}': {} records did not fit; give its writer more room", file, header.dropped)};
  }
  in.seekg(0, std::ios::end);
  if (static_cast<std::uint64_t>(in.tellg()) != sizeof header + header.records * sizeof(Record)) {
    return Error{ExitCode::kError, fmt::format("read log '{}': cut short, {} records expected", file, header.records)};
  }
  std::vector<Record> records(header.records);
  in.seekg(sizeof header);
  in.read(reinterpret_cast<char*>(records.data()), static_cast<std::streamsize>(records.size() * sizeof(Record)));
  if (!in) return Error{ExitCode::kError, fmt::format("read log '{}': {}", file, std::strerror(errno))};
  return records;
}

using Places = std::set<std::pair<std::uint64_t, std::uint64_t>>;  ///< connection, offset

/// The urgent bytes that the client sent: no read returns them, and yet they count as a part of the stream.
Places urgent_bytes(const std::vector<ClientRequest>& requests) {
  Places places;
  for (const ClientRequest& request : requests)
    for (std::uint32_t i = 1; i <= request.urgent_before; ++i) places.emplace(request.connection, request.offset - i);
  return places;
}

/// Bytes per connection; an error where the records leave a hole (other than `urgent`) or overlap.
template <typename Record>
Result<std::map<std::uint64_t, std::uint64_t>> bytes_by_connection(std::vector<Record>& records, const Places& urgent,
                                                                   const char* whose) {
  const auto place = [](const Record& r) { return std::tuple(r.connection, r.offset); };
  std::sort(records.begin(), records.end(), [&](const Record& a, const Record& b) { return place(a) < place(b); });
  std::map<std::uint64_t, std::uint64_t> bytes;
  for (const Record& record : records) {
    std::uint64_t& end = bytes[record.connection];
    while (end < record.offset && urgent.contains({record.connection, end})) ++end;
    if (record.offset != end || record.bytes == 0) {
      return Error{
          ExitCode::kError,
          fmt::format("{} log: after byte {} of the connection from port {} comes byte {}; was a port used twice? "
                      "Run the demo again",
                      whose, end, record.connection & 0xffffU, record.offset)};
    }
    end += record.bytes;
  }
  return bytes;
}

}  // namespace

Result<std::vector<ClientRequest>> read_client_log(const std::string& file) { return read_log<ClientRequest>(file); }

Result<std::vector<ServerRead>> read_server_log(const std::string& file) { return read_log<ServerRead>(file); }

Result<Logs> join(std::vector<ClientRequest> requests, std::vector<ServerRead> reads) {
  const Places urgent = urgent_bytes(requests);
  auto sent = bytes_by_connection(requests, urgent, "client's");
  if (!sent) return std::move(sent.error());
  auto read = bytes_by_connection(reads, urgent, "server's");
  if (!read) return std::move(read.error());
  if (*sent != *read) {
    return Error{ExitCode::kError, "the logs of client and server differ in connections or bytes: not of one run?"};
  }
  return Logs{std::move(requests), std::move(reads)};
}

}  // namespace wp::truth
