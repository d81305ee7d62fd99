// SPDX-License-Identifier: GPL-2.0-or-later
// Every hostile name in every place a name can come from, through the whole analysis, into everything that is written.
#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "tests/support/hostile_names.hpp"
#include "tests/support/recording.hpp"
#include "userspace/base/text.hpp"
#include "userspace/reconstruct/reconstructor.hpp"
#include "userspace/report/export_jsonl.hpp"
#include "userspace/report/show.hpp"
#include "userspace/report/summary.hpp"
#include "userspace/stream/sorter.hpp"

namespace wp {
namespace {

template <std::size_t n>
void put(char (&room)[n], const std::string& name) {
  std::memset(room, 0, n);
  std::memcpy(room, name.data(), std::min(name.size(), n));
}

// One request from a card to a reader that was woken by another task, all of them called `name`.
std::vector<event::Event> story(const std::string& name) {
  const std::vector<std::byte> bytes = test::bytes_of_events(
      "1 name space=0 key=25 text=\"x\"\n2 name space=1 key=38654705665 text=\"x\"\n"
      "3 name space=2 key=225 text=\"x\"\n4 name space=3 key=5 text=\"x\"\n5 name space=4 key=0 text=\"x\"\n"
      "6 name space=5 key=38654705665 text=\"x\"\n"
      "1000 cpu=0 seq=1 task start_ns=7 tid=42 pid=42 ppid=1 comm=\"x\"\n"
      "1000 cpu=0 seq=2 socket cookie=7 local_port=80 peer_port=4007 family=2 protocol=6 type=1 state=1\n"
      "4000 cpu=0 seq=3 drop cookie=7 location=0xe1 reason=5 len=60 hook=19\n"
      "5000 cpu=0 seq=4 delivery cookie=7 end=64 skb=0xa00 irq=25 irq_ns=4500 softirq_ns=4700 driver_ns=4750 "
      "stack_ns=4800 "
      "protocol_ns=4900 w_func=0xe1 w_start_ns=7 w_tid=42 w_fd=5 unread=64 len=116 ifindex=1 level=1 softirq_how=1 "
      "driver_hook=1 irq_over=1 w_mech=6 w_flags=2 w_count=1 netns=9\n"
      "6500 cpu=1 seq=1 run start_ns=7 off_ns=2000 waking_ns=5100 runnable_ns=5200 wake_delivery=4 tid=42 pid=42 "
      "off_state=1 off_cpu=1 wake_level=0 waker_tid=9 prev_tid=3 waker_comm=\"x\" prev_comm=\"x\"\n"
      "7800 cpu=1 seq=3 read_call start_ns=7 enter_ns=7500 copied_ns=7700 cookie=7 end=64 ret=64 tid=42 pid=42 fd=5 "
      "file_kind=1");
  std::vector<event::Event> events;
  event::DecodeCounts counts;
  for (event::Bytes rest(bytes); !rest.empty();)
    if (auto event = event::decode_next(rest, counts)) events.push_back(*event);
  for (event::Event& event : events) {
    if (auto* r = std::get_if<wp_name>(&event)) put(r->text.s, name);
    if (auto* r = std::get_if<wp_task>(&event)) put(r->comm.s, name);
    if (auto* r = std::get_if<wp_run>(&event)) put(r->waker_comm.s, name), put(r->prev_comm.s, name);
  }
  return events;
}

void expect_shown_safely(const std::string& text, const std::string& name) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    ASSERT_TRUE(c == '\n' || (byte >= 0x20 && byte != 0x7f)) << int{byte} << " of " << printable(name);
  }
  // C1, bidi, zero-width: none may be left; and an independent decoder takes all of it.
  for (const char* hidden : {"\u0085", "\u009b", "\u202e", "\u2028", "\u2066", "\u200b", "\ufeff", "\u00ad", "\u3164"})
    ASSERT_EQ(text.find(hidden), std::string::npos) << printable(name);
  ASSERT_NO_THROW((void)nlohmann::json(text).dump()) << "no UTF-8: " << printable(name);
}

struct Written {
  std::string show, jsonl, report, report_json;
};

Written write_everything(const std::string& name, const report::Style& style) {
  Written out;
  report::Report report;
  reconstruct::Reconstructor reconstructor([&](const model::Path& path) {
    report.on_path(path);
    out.show += report::render_path(path, style);
    report::append_jsonl(out.jsonl, path);
  });
  for (const event::Event& event : story(name)) reconstructor.on(event);
  reconstructor.end();
  model::RecordingInfo info;
  info.tool_version = info.kernel = info.host_arch = info.target = info.command = name;
  info.hooks.push_back({name, name, name, name});
  out.report = report::render_summary(info, reconstructor.summary(), report, style, name);
  out.report_json = report::summary_json(info, reconstructor.summary(), report).dump();
  return out;
}

// Made once, in turn for a terminal that knows UTF-8 and for one that does not.
const std::vector<std::pair<std::string, Written>>& all_written() {
  static const auto all = [] {
    std::vector<std::pair<std::string, Written>> made;
    for (const std::string& name : test::hostile_names()) {
      report::Style style;
      style.utf8 = made.size() % 2 == 0;
      made.emplace_back(name, write_everything(name, style));
    }
    return made;
  }();
  return all;
}

TEST(HostileNamesTest, ThereAreMoreThanFiveHundred) { EXPECT_GE(test::hostile_names().size(), 500u); }

void expect_terminal_is_safe() {
  for (const auto& [name, out] : all_written()) {
    ASSERT_NE(out.show, "") << "there is no path";
    expect_shown_safely(out.show, name);
    expect_shown_safely(out.report, name);
    if (testing::Test::HasFatalFailure()) return;
  }
}

void expect_json_gives_names_back() {
  for (const auto& [name, out] : all_written()) {
    const auto path = nlohmann::json::parse(out.jsonl, nullptr, false);
    ASSERT_FALSE(path.is_discarded()) << printable(name);
    ASSERT_FALSE(nlohmann::json::parse(out.report_json, nullptr, false).is_discarded()) << printable(name);
    const std::string comm = path.at("task").at("comm").get<std::string>();
    ASSERT_EQ(unescaped(comm).value_or("not ours"), name.substr(0, 16)) << comm;
    ASSERT_EQ(unescaped(path.at("arrival").at("device").get<std::string>()).value_or(""), name.substr(0, 64));
  }
}

TEST(HostileNamesTest, NothingHiddenReachesATerminalAndJsonGivesTheNameBack) {
  expect_terminal_is_safe();
  expect_json_gives_names_back();
}

TEST(HostileNamesTest, AHeaderGivesThemBack) {
  for (const std::string& name : test::hostile_names()) {
    stream::Header header = stream::own_header();
    header.command_line = header.target = name;
    header.hooks.push_back({name, name, name, false, name});
    header.options[name] = name;
    const auto back = stream::header_from_json(stream::to_json(header));
    ASSERT_TRUE(back) << printable(name);
    ASSERT_EQ(back->command_line, name);
    ASSERT_EQ(back->hooks.at(0).reason, name);
    ASSERT_EQ(back->options.at(name), name);
  }
}

TEST(HostileNamesTest, ARecordingOfThatNameIsNamedSafely) {
  for (const std::string& name : test::hostile_names()) {
    const auto missing = stream::RecordingReader::open("/nonexistent/" + name);
    ASSERT_FALSE(missing);
    expect_shown_safely(missing.error().message, name);
  }
}

}  // namespace
}  // namespace wp
