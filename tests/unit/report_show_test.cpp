// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/show.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <sstream>

#include "tests/support/path_builder.hpp"

namespace wp::report {
namespace {

using model::Reason;
using model::Seen;
using model::Stage;
using test::card_path;
using test::loopback_path;
using test::PathBuilder;
using testing::HasSubstr;

Style style_of(std::size_t width) {
  Style style;
  style.width = width;
  style.utf8 = false;
  return style;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string line_of(const std::string& text, const std::string& stage) {
  for (const std::string& line : lines_of(text)) {
    if (line.size() > 2 && line.compare(2, stage.size() + 1, stage + " ") == 0) return line;
  }
  return "no line for " + stage;
}

TEST(ShowTest, LoopbackAtEightyColumns) {
  PathBuilder b = loopback_path();
  b.inferred(Stage::kWaking, 1010000, Reason::kWakeWithoutWitness);
  b.without(Stage::kXmit, Seen::kUnknown, Reason::kNotInSendCall);
  EXPECT_EQ(render_path(b.path, style_of(80)),
            R"(request #7  server pid 4240 tid 4242
  tcp 127.0.0.1:7777 <- 127.0.0.1:51234, 64 bytes at 100..164
  20.0 us from driver to done, complete

  stage        offset      delta cpu  context
- hw       no interrupt: loopback
- irq      no interrupt: loopback
+ driver        start              0  sender
      lo (loopback), by netif_rx, 116 bytes
+ raise      +1.00 us    1.00 us   0  sender          #
      NET_RX raised
+ softirq    +2.00 us    1.00 us   0  softirq          #
      NET_RX inside the task that sent the packet
+ stack      +4.00 us    2.00 us   0  softirq           ###
      netif_receive_skb
+ protocol   +7.00 us    3.00 us   0  softirq              ####
      bytes 100..164 of the socket
+ queued     +9.00 us    2.00 us   0  softirq                  ##
      64 bytes unread; wait queue: ep_poll_callback (epoll) fd 5 -> task 4242,
      asleep
~ waking     +10.0 us    1.00 us   0  softirq                    ~~
      inferred: the wake fits, but the wait queue did not name the task; woken
      through epoll, from softirq
+ runnable   +11.0 us    1.00 us   0  softirq                      #
      put on a run queue
+ running    +15.0 us    4.00 us   1  server/4242                   #####
      the CPU was idle before
+ returned   +16.0 us    1.00 us   1  server/4242                        #
      epoll_wait returned 1
+ read       +18.0 us    2.00 us   1  server/4242                         ###
      recvfrom on fd 5
+ copied     +19.0 us    1.00 us   1  server/4242                            #
      64 bytes copied
+ done       +20.0 us    1.00 us   1  server/4242                             ##
      returned 64
+ reply      +24.0 us    4.00 us   1  server/4242                              >
      64 bytes sent
? xmit     unknown: the packet left outside the sending call

+ observed  ~ inferred  ? unknown  - not needed or not applicable
)");
}

TEST(ShowTest, WideTerminalsGetTheEvidenceBesideTheBar) {
  const std::string text = render_path(card_path().path, style_of(160));
  EXPECT_THAT(line_of(text, "irq"), HasSubstr("line 27, virtio0-input.0, interrupted the idle task"));
  EXPECT_THAT(line_of(text, "softirq"), HasSubstr("NET_RX on return from the interrupt"));
  EXPECT_THAT(line_of(text, "driver"),
              HasSubstr("eth0 (virtio_net), queue 0, NAPI 8193, by gro_receive, 3 frames merged"));
}

TEST(ShowTest, NoLineIsWiderThanTheTerminal) {
  PathBuilder b = card_path();
  for (int i = 0; i < 5; ++i) b.path.witness.push_back(b.path.witness.front());
  for (std::size_t width = 80; width <= 200; ++width) {
    for (const std::string& line : lines_of(render_path(b.path, style_of(width)))) {
      ASSERT_LE(text_width(line), width) << line;
    }
  }
}

TEST(ShowTest, CertaintyIsVisibleWithoutColour) {
  PathBuilder b = card_path();
  b.inferred(Stage::kRaise, 1001000, Reason::kPollAlreadyRunning);
  b.without(Stage::kProtocol, Seen::kUnknown, Reason::kLost);
  b.without(Stage::kWaking, Seen::kNotNeeded, Reason::kRunning);
  const std::string text = render_path(b.path, style_of(160));
  EXPECT_THAT(line_of(text, "raise"), HasSubstr("inferred: the driver's poll was already running"));
  EXPECT_EQ(line_of(text, "raise")[0], '~');
  EXPECT_THAT(line_of(text, "protocol"), HasSubstr("unknown: events were lost here"));
  EXPECT_EQ(line_of(text, "protocol")[0], '?');
  EXPECT_THAT(line_of(text, "waking"), HasSubstr("not needed: the reader was running"));
  EXPECT_EQ(line_of(text, "waking")[0], '-');
  EXPECT_THAT(line_of(text, "queued"), HasSubstr("??")) << "the bar of a segment that hides an unknown stage";
  EXPECT_THAT(text, HasSubstr("incomplete: 1 stage unknown"));
}

TEST(ShowTest, TimeThatRunsBackwardsIsSaidNotClamped) {
  PathBuilder b = card_path();
  b.at(Stage::kStack, 999000);
  const std::string text = render_path(b.path, style_of(120));
  EXPECT_THAT(line_of(text, "stack"), HasSubstr("-1.00 us    earlier"));
}

TEST(ShowTest, WakerAndPredecessorAreNamed) {
  PathBuilder b = card_path();
  b.path.wake.level = model::Level::kTask;
  b.path.wake.waker_tid = 77;
  b.path.wake.waker_comm = "redis-cli";
  b.path.wake.prev_tid = 88;
  b.path.wake.prev_comm = "backup";
  b.path.wake.woken = {99, 1};
  const std::string text = render_path(b.path, style_of(200));
  EXPECT_THAT(line_of(text, "waking"), HasSubstr("by \"redis-cli\" (task 77), task 99 was woken, not the reader"));
  EXPECT_THAT(line_of(text, "running"), HasSubstr("ran there before: \"backup\" (task 88)"));
}

TEST(ShowTest, ColourChangesNoCharacterAndTellsTheStagesApart) {
  const PathBuilder b = card_path();
  for (const std::size_t width : {80U, 120U, 200U}) {
    Style style = style_of(width);
    style.color = true;
    const std::string text = render_path(b.path, style);
    EXPECT_EQ(std::regex_replace(text, std::regex("\x1b\\[[0-9]+m"), ""), render_path(b.path, style_of(width)));
    EXPECT_THAT(text, HasSubstr("\x1b[31m#"));  // the wait for a CPU
    EXPECT_THAT(text, HasSubstr("\x1b[35m#"));  // the interrupt
    EXPECT_THAT(text, HasSubstr("\x1b[34m#"));  // the copy
  }
}

TEST(ShowTest, HostileNamesNeverReachTheTerminalRaw) {
  PathBuilder b = card_path();
  const std::string hostile = "\x1b[31m\xff\r\n\x07";
  for (model::Name* name :
       {&b.path.task.comm, &b.path.arrival.device, &b.path.arrival.device_kind, &b.path.arrival.irq_name,
        &b.path.arrival.softirq_how, &b.path.arrival.driver_hook, &b.path.syscall, &b.path.wait_syscall,
        &b.path.wake.waker_comm, &b.path.wake.prev_comm, &b.path.witness[0].func}) {
    *name = hostile;
  }
  b.path.wake.level = model::Level::kTask;
  b.path.wake.waker_tid = b.path.wake.prev_tid = 5;
  for (const std::size_t width : {80U, 200U}) {
    for (const char c : render_path(b.path, style_of(width))) {
      ASSERT_TRUE(c == '\n' || (c >= 0x20 && c < 0x7f)) << static_cast<int>(c);
    }
  }
}

}  // namespace
}  // namespace wp::report
