// SPDX-License-Identifier: GPL-2.0-or-later
// Ground truth where a path has no ports to be found by: datagrams by their place in the queue, Unix by the cookie.
#include <gtest/gtest.h>

#include "tests/support/truth_story.hpp"
#include "userspace/truth/comparer.hpp"

namespace wp::truth {
namespace {

Comparer compare(std::vector<ClientRequest> requests, std::vector<ServerRead> reads) {
  auto logs = join(std::move(requests), std::move(reads));
  EXPECT_TRUE(logs) << logs.error().message;
  return Comparer(std::move(*logs));
}

/// Two clients of one UDP socket, in turn.
Comparer two_udp_clients() {
  std::vector<ClientRequest> requests;
  std::vector<ServerRead> reads;
  for (const std::uint64_t k : {0U, 1U}) {
    requests.push_back(true_request(0, static_cast<std::uint16_t>(kClientPort + k)));
    reads.push_back(true_read(0, static_cast<std::uint16_t>(kClientPort + k)));
    requests.back().send_before_ns += k * kRequestEvery;
    requests.back().reply_ns += k * kRequestEvery;
    reads.back().before_ns += k * kRequestEvery;
    reads.back().after_ns += k * kRequestEvery;
  }
  return compare(std::move(requests), std::move(reads));
}

model::Path datagram(std::uint64_t ordinal) {
  model::Path path = true_path(ordinal, 0);
  path.datagram = true;
  path.begin = ordinal;
  path.end = ordinal + 1;
  return path;
}

TEST(TruthTransports, TheNthReadGotTheNthDatagram) {
  Comparer comparer = two_udp_clients();
  comparer.on_path(datagram(0));
  comparer.on_path(datagram(1));
  EXPECT_EQ(comparer.finish().counts.complete, 2U);
}

TEST(TruthTransports, ADatagramTakenForAnotherIsWrong) {
  Comparer comparer = two_udp_clients();
  model::Path path = datagram(0);
  path.begin = 1;
  path.end = 2;
  comparer.on_path(path);
  EXPECT_EQ(comparer.finish().counts.wrong, 1U);
}

TEST(TruthTransports, ADatagramOfAnotherLengthIsWrong) {
  Comparer comparer = two_udp_clients();
  model::Path path = datagram(0);
  path.bytes = kBytes - 1;
  comparer.on_path(path);
  EXPECT_EQ(comparer.finish().contradictions.at("other_length"), 1U);
}

TEST(TruthTransports, ADatagramNobodyReadIsStray) {
  Comparer comparer = two_udp_clients();
  comparer.on_path(datagram(2));
  EXPECT_EQ(comparer.finish().counts.stray, 1U);
}

/// One Unix connection; the server's log knows the socket's cookie.
Comparer unix_client() {
  ClientRequest request = true_request(0);
  ServerRead read = true_read(0);
  request.connection = read.connection = unix_key(1);
  read.cookie = 99;
  return compare({request}, {read});
}

model::Path unix_path(std::uint64_t cookie) {
  model::Path path = true_path(0);
  path.socket.family = AF_UNIX;
  path.socket.cookie = cookie;
  path.socket.local_port = path.socket.peer_port = 0;
  return path;
}

TEST(TruthTransports, AUnixSocketIsFoundByItsCookie) {
  Comparer comparer = unix_client();
  comparer.on_path(unix_path(99));
  EXPECT_EQ(comparer.finish().counts.complete, 1U);
}

TEST(TruthTransports, AnotherUnixSocketIsStray) {
  Comparer comparer = unix_client();
  comparer.on_path(unix_path(98));
  const Verdict verdict = comparer.finish();
  EXPECT_EQ(verdict.counts.stray, 1U);
  EXPECT_EQ(verdict.counts.missing, 1U);
}

TEST(TruthTransports, APathThatDoesNotKnowItsDescriptorClaimsNone) {
  Comparer comparer = compare({true_request(0)}, {true_read(0)});
  model::Path path = true_path(0);
  path.fd = -1;
  comparer.on_path(path);
  EXPECT_EQ(comparer.finish().counts.complete, 1U);
}

}  // namespace
}  // namespace wp::truth
