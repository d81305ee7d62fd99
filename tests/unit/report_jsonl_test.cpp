// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/export_jsonl.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <nlohmann/json.hpp>

#include "tests/support/path_builder.hpp"
#include "tests/support/schema.hpp"

namespace wp::report {
namespace {

using model::Reason;
using model::Seen;
using model::Stage;
using nlohmann::json;
using test::card_path;
using test::loopback_path;
using test::PathBuilder;

std::string line_of(const model::Path& path) {
  std::string line;
  append_jsonl(line, path);
  return line;
}

TEST(JsonlTest, OnePathIsOneLineOfJson) {
  const std::string line = line_of(card_path().path);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const json path = json::parse(line);
  EXPECT_EQ(path["id"], 7);
  EXPECT_EQ(path["socket"]["local"], "127.0.0.1:7777");
  EXPECT_EQ(path["stages"]["running"], json({{"ts_ns", 1045000}, {"cpu", 1}, {"certainty", "observed"}}));
  EXPECT_EQ(path["arrival"]["queue"], 0);
  EXPECT_EQ(path["witness"][0]["func"], "ep_poll_callback");
  EXPECT_EQ(path["total_ns"], 50000);
  EXPECT_EQ(path["complete"], true);
}

TEST(JsonlTest, WhatIsNotKnownIsLeftOutOrNamed) {
  PathBuilder b = loopback_path();
  b.without(Stage::kDone, Seen::kUnknown, Reason::kStillOpen);
  b.without(Stage::kWaking, Seen::kNotNeeded, Reason::kRunning);
  const json path = json::parse(line_of(b.path));
  EXPECT_FALSE(path.contains("total_ns"));
  EXPECT_FALSE(path.contains("accept_queue_ns"));
  EXPECT_FALSE(path["stages"].contains("irq"));
  EXPECT_FALSE(path["arrival"].contains("irq"));
  EXPECT_EQ(path["unknown"], json({{"done", "still_open"}}));
  EXPECT_EQ(path["not_needed"], json({{"waking", "running"}}));
  EXPECT_EQ(path["not_applicable"]["irq"], "loopback_no_interrupt");
}

TEST(JsonlTest, HostileNamesStayJson) {
  PathBuilder b = card_path();
  b.path.task.comm = "a\"\\\x01\x1b[m\xff\x7f\n";
  const std::string line = line_of(b.path);
  const json path = json::parse(line);
  EXPECT_EQ(path["task"]["comm"], "a\"\\\\\x01\x1b[m\\xff\x7f\n");
  for (const char c : line.substr(0, line.size() - 1)) ASSERT_TRUE(c >= 0x20 && c < 0x7f) << static_cast<int>(c);
}

TEST(JsonlTest, EveryReasonAndTransportFitsTheSchema) {
  std::string lines;
  for (std::size_t reason = 0; reason < model::kReasonCount; ++reason) {
    PathBuilder b = card_path();
    b.inferred(Stage::kRaise, 1001000, static_cast<Reason>(reason));
    b.without(Stage::kStack, static_cast<Seen>(2 + reason % 3), static_cast<Reason>(reason));
    b.path.wake.why = static_cast<Reason>(reason);
    b.path.wake.level = static_cast<model::Level>(reason % 4);
    b.path.wake.waker_tid = 3;
    b.path.wake.mechanism = static_cast<model::Mechanism>(reason % 9);
    b.path.accept_queue_ns = reason;
    append_jsonl(lines, b.path);
  }
  for (const int family : {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK}) {
    for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_RAW}) {
      PathBuilder b = loopback_path();
      b.path.socket.family = static_cast<std::uint16_t>(family);
      b.path.socket.type = static_cast<std::uint8_t>(type);
      b.path.socket.protocol = type == SOCK_DGRAM ? IPPROTO_UDP : IPPROTO_TCP;
      append_jsonl(lines, b.path);
    }
  }
  append_jsonl(lines, [] {
    model::Path empty;
    empty.id = 1;
    return empty;
  }());
  const auto verdict = test::validate(lines, "path", test::Documents::kOnePerLine);
  if (!verdict.is_checked) GTEST_SKIP() << "python3-jsonschema is not installed";
  EXPECT_EQ(verdict.complaints, "");
}

TEST(JsonlTest, AddressesAreWrittenAsPeopleWriteThem) {
  PathBuilder b = loopback_path();
  b.path.socket.family = AF_INET6;
  b.path.socket.local = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  EXPECT_EQ(json::parse(line_of(b.path))["socket"]["local"], "[::1]:7777");
  b.path.socket.family = AF_UNIX;
  const json socket = json::parse(line_of(b.path))["socket"];
  EXPECT_EQ(socket["protocol"], "unix_stream");
  EXPECT_FALSE(socket.contains("local"));
  b.path.socket.known = false;
  EXPECT_EQ(json::parse(line_of(b.path))["socket"]["protocol"], "unknown");
}

}  // namespace
}  // namespace wp::report
