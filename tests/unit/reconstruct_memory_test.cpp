// SPDX-License-Identifier: GPL-2.0-or-later
// What the reconstruction keeps must not grow with the recording.
#include <gtest/gtest.h>

#include <algorithm>

#include "userspace/reconstruct/reconstructor.hpp"

namespace wp::reconstruct {
namespace {

constexpr std::uint64_t kSockets = 12'000;

template <typename Record>
Record record_at(std::uint64_t ts_ns, std::uint64_t cookie) {
  Record record{};
  record.h.ts_ns = ts_ns;
  record.h.seq = ts_ns;
  record.cookie = cookie;
  return record;
}

wp_read_call datagram_read(std::uint64_t ts_ns, std::uint64_t cookie) {
  auto read = record_at<wp_read_call>(ts_ns, cookie);
  read.enter_ns = ts_ns - 2;
  read.copied_ns = ts_ns - 1;
  read.end = 1;
  read.ret = 64;
  read.tid = read.pid = 42;
  read.start_ns = 7;
  read.flags = WP_READ_DATAGRAM;
  read.file_kind = WP_FILE_socket;
  return read;
}

TEST(ReconstructMemoryTest, OfManyDatagramSocketsTheLeastRecentlyUsedAreForgotten) {
  std::uint64_t with_delivery = 0;
  Reconstructor reconstructor([&](const model::Path& path) { with_delivery += path.delivery_id != 0; });
  for (std::uint64_t cookie = 1; cookie <= kSockets; ++cookie) {
    auto socket = record_at<wp_socket>(cookie * 100, cookie);
    socket.protocol = 17;
    reconstructor.on(socket);
    auto delivery = record_at<wp_delivery>(cookie * 100 + 1, cookie);
    delivery.end = 1;
    reconstructor.on(delivery);
    reconstructor.on(datagram_read(cookie * 100 + 10, cookie));
  }
  reconstructor.end();
  EXPECT_EQ(with_delivery, kSockets);
  const auto& diagnostics = reconstructor.summary().diagnostics;
  const auto forgotten =
      std::find_if(diagnostics.begin(), diagnostics.end(), [](const auto& d) { return d.name == "sockets_forgotten"; });
  ASSERT_NE(forgotten, diagnostics.end());
  EXPECT_EQ(forgotten->count, kSockets - 4096);
}

TEST(ReconstructMemoryTest, ATcpSocketIsKeptUntilItIsClosed) {
  Reconstructor reconstructor([](const model::Path&) {});
  for (std::uint64_t cookie = 1; cookie <= kSockets; ++cookie) {
    auto socket = record_at<wp_socket>(cookie * 100, cookie);
    socket.protocol = 6;
    reconstructor.on(socket);
  }
  reconstructor.end();
  EXPECT_TRUE(reconstructor.summary().diagnostics.empty());
}

}  // namespace
}  // namespace wp::reconstruct
