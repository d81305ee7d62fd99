// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/stream/header.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "bpf/wire/events.h"

namespace {

using namespace wp::stream;

Header full_header() {
  Header header = own_header();
  header.kernel = "6.18.0";
  header.arch = "x86_64";
  header.target = "--port 80";
  header.command_line = "wakepath record --port 80";
  header.cpus = 2;
  header.monotonic_ns = 1000;
  header.realtime_ns = -5;
  header.ring_bytes = 1 << 20;
  header.hooks = {
      {.name = "irq__entry", .tracepoint = "irq_handler_entry", .stage = "irq", .attached = true, .reason = ""},
      {.name = "stack__tcp_probe", .tracepoint = "tcp_probe", .stage = "protocol", .reason = "no such tracepoint"}};
  header.options["buffer"] = "8M";
  return header;
}

TEST(HeaderTest, EverythingComesBackFromItsJson) {
  const Header header = full_header();
  const auto again = header_from_json(to_json(header));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(to_json(*again), to_json(header));
  EXPECT_EQ(again->realtime_offset_ns(), -1005);
  ASSERT_EQ(again->hooks.size(), 2u);
  EXPECT_TRUE(again->hooks[0].attached);
  EXPECT_EQ(again->hooks[1].reason, "no such tracepoint");
  EXPECT_EQ(again->options.at("buffer"), "8M");
}

TEST(HeaderTest, OwnHeaderNamesVersionsAndEveryKind) {
  const Header header = own_header();
  EXPECT_EQ(header.format_major, kFormatMajor);
  EXPECT_EQ(header.wire_major, WP_WIRE_MAJOR);
  EXPECT_EQ(header.tool_version, WP_VERSION);
  ASSERT_FALSE(header.kinds.empty());
  EXPECT_EQ(header.kinds[0].number, WP_KIND_delivery);
  EXPECT_EQ(header.kinds[0].name, "delivery");
  EXPECT_EQ(header.kinds[0].size, sizeof(wp_delivery));
}

TEST(HeaderTest, HostileStringsComeBackAndAreValidJson) {
  Header header = full_header();
  header.command_line = "a\xff\"\n\\x41\x1b";
  header.options["\xfe"] = "\xc3\x28";
  const std::string text = to_json(header);
  EXPECT_TRUE(nlohmann::json::accept(text));
  const auto again = header_from_json(text);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->command_line, header.command_line);
  EXPECT_EQ(again->options, header.options);
}

TEST(HeaderTest, AVeryLongCommandLineIsCutSoThatTheHeaderFits) {
  Header header = full_header();
  header.command_line.assign(3 << 20, '\xff');
  EXPECT_LT(to_json(header).size(), kMaxRaw / 4);
}

TEST(HeaderTest, JsonThatIsNoHeaderIsAnError) {
  for (const char* bad : {"", "{", "[]", "{}", "null", "7", "{\"format_major\":\"x\"}"}) {
    EXPECT_FALSE(header_from_json(bad)) << bad;
    EXPECT_FALSE(end_counts_from_json(bad)) << bad;
  }
  EXPECT_FALSE(header_from_json(std::string(100000, '[')));
}

TEST(HeaderTest, ANumberThatDoesNotFitIsAnErrorAndNoOtherNumber) {
  const auto with = [](const char* name, const nlohmann::json& value) {
    nlohmann::json json = nlohmann::json::parse(to_json(full_header()));
    json[name] = value;
    return header_from_json(json.dump());
  };
  for (const char* name : {"format_major", "wire_minor", "cpus", "monotonic_ns", "ring_bytes"}) {
    EXPECT_TRUE(with(name, 1)) << name;
    for (const nlohmann::json& value : {nlohmann::json(8.9e80), nlohmann::json(1.5), nlohmann::json(-1)})
      EXPECT_FALSE(with(name, value)) << name << " " << value;
  }
  EXPECT_FALSE(with("format_major", 65537));
  EXPECT_TRUE(with("realtime_ns", -1));
  EXPECT_FALSE(with("realtime_ns", std::numeric_limits<std::uint64_t>::max()));
  EXPECT_FALSE(end_counts_from_json(R"({"records":1,"record_bytes":2,"blocks":3,"probe_records":1e300})"));
}

TEST(HeaderTest, EndCountsComeBack) {
  const auto counts = end_counts_from_json(to_json(EndCounts{.records = 3, .record_bytes = 200, .blocks = 1}));
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->records, 3u);
  EXPECT_EQ(counts->record_bytes, 200u);
  EXPECT_EQ(counts->blocks, 1u);
}

}  // namespace
