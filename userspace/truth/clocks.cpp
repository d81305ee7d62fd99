// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/truth/clocks.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "userspace/base/check.hpp"

namespace wp::truth {
namespace {

constexpr std::size_t kTogether = 32;

/// What to add to a time of the client's to get one of the server's: between these two, in ns.
struct Bounds {
  std::int64_t least = std::numeric_limits<std::int64_t>::min();
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
};

std::int64_t difference(std::uint64_t server, std::uint64_t client) {
  return static_cast<std::int64_t>(server - client);
}

std::uint64_t moved(std::uint64_t time, std::int64_t by) { return time + static_cast<std::uint64_t>(by); }

/// The call that got the last byte of a request. Both logs are sorted by connection and offset.
const ServerRead& last_read_of(const Logs& logs, const ClientRequest& request) {
  const std::uint64_t last = request.offset + request.bytes - 1;
  const auto after = std::partition_point(logs.reads.begin(), logs.reads.end(), [&](const ServerRead& read) {
    return read.connection < request.connection || (read.connection == request.connection && read.offset <= last);
  });
  WP_CHECK(after != logs.reads.begin());  // join() made sure that every byte sent was read
  return *std::prev(after);
}

}  // namespace

Result<void> to_server_clock(Logs& logs) {
  std::vector<std::size_t> order(logs.requests.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return logs.requests[a].send_before_ns < logs.requests[b].send_before_ns;
  });
  for (std::size_t first = 0; first < order.size(); first += kTogether) {
    const std::size_t last = std::min(first + kTogether, order.size());
    Bounds bounds;
    for (std::size_t i = first; i < last; ++i) {
      const ClientRequest& request = logs.requests[order[i]];
      const ServerRead& read = last_read_of(logs, request);
      bounds.most = std::min(bounds.most, difference(read.after_ns, request.send_before_ns));
      bounds.least = std::max(bounds.least, difference(read.before_ns, request.reply_ns));
    }
    if (bounds.least > bounds.most)
      return Error{ExitCode::kError,
                   "no difference between the two clocks fits all requests: was a clock set, or are "
                   "the logs not of one run?"};
    for (std::size_t i = first; i < last; ++i) {
      ClientRequest& request = logs.requests[order[i]];
      request.send_before_ns = moved(request.send_before_ns, bounds.least);
      request.send_after_ns = moved(request.send_after_ns, bounds.most);
      request.reply_ns = moved(request.reply_ns, bounds.most);
    }
  }
  return {};
}

}  // namespace wp::truth
