// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/path_builder.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

namespace wp::test {

using model::Path;
using model::Reason;
using model::Seen;
using model::Stage;

PathBuilder::PathBuilder() {
  path.id = 7;
  path.task = {{4242, 99}, 4240, 1, "server"};
  path.socket.cookie = 11;
  path.socket.family = AF_INET;
  path.socket.protocol = IPPROTO_TCP;
  path.socket.type = SOCK_STREAM;
  path.socket.local = {127, 0, 0, 1};
  path.socket.peer = {127, 0, 0, 1};
  path.socket.local_port = 7777;
  path.socket.peer_port = 51234;
  path.socket.known = true;
  path.begin = 100;
  path.end = 164;
  path.bytes = 64;
  path.delivery_id = 3;
  path.read_id = 4;
  path.fd = 5;
  path.syscall = "recvfrom";
  path.syscall_nr = 45;
  path.read_ret = 64;
}

PathBuilder& PathBuilder::at(Stage stage, std::uint64_t ts_ns, std::int32_t cpu) {
  path.at(stage) = {Seen::kObserved, Reason::kNone, ts_ns, cpu};
  return *this;
}

PathBuilder& PathBuilder::inferred(Stage stage, std::uint64_t ts_ns, Reason rule) {
  path.at(stage) = {Seen::kInferred, rule, ts_ns, 0};
  return *this;
}

PathBuilder& PathBuilder::without(Stage stage, Seen seen, Reason why) {
  path.at(stage) = {seen, why, 0, -1};
  return *this;
}

namespace {

PathBuilder& woken_by_epoll(PathBuilder& b, std::uint64_t at_ns) {
  b.at(Stage::kWaking, at_ns).at(Stage::kRunnable, at_ns + 1000).at(Stage::kRunning, at_ns + 5000, 1);
  b.at(Stage::kReturned, at_ns + 6000, 1).at(Stage::kRead, at_ns + 8000, 1).at(Stage::kCopied, at_ns + 9000, 1);
  b.at(Stage::kDone, at_ns + 10000, 1).at(Stage::kReply, at_ns + 14000, 1).at(Stage::kXmit, at_ns + 15000, 1);
  b.path.wake = {
      model::Mechanism::kEpoll, true, Seen::kObserved, Reason::kNone, {4242, 99}, model::Level::kSoftirq, 0, "", 0, ""};
  b.path.witness.push_back({"ep_poll_callback", model::Mechanism::kEpoll, 5, {4242, 99}, false, true});
  b.path.wait_syscall = "epoll_wait";
  b.path.wait_ready = 1;
  b.path.reply_bytes = 64;
  b.path.arrival.unread = 64;
  return b;
}

}  // namespace

PathBuilder loopback_path() {
  PathBuilder b;
  b.without(Stage::kHw, Seen::kNotApplicable, Reason::kLoopbackNoInterrupt);
  b.without(Stage::kIrq, Seen::kNotApplicable, Reason::kLoopbackNoInterrupt);
  b.at(Stage::kDriver, 1000000).at(Stage::kRaise, 1001000).at(Stage::kSoftirq, 1002000).at(Stage::kStack, 1004000);
  b.at(Stage::kProtocol, 1007000).at(Stage::kQueued, 1009000);
  b.path.arrival.driver_hook = "netif_rx";
  b.path.arrival.device = "lo";
  b.path.arrival.device_kind = "loopback";
  b.path.arrival.softirq_how = "inline";
  b.path.arrival.level = model::Level::kSoftirq;
  b.path.arrival.packet_bytes = 116;
  return woken_by_epoll(b, 1010000);
}

PathBuilder card_path() {
  PathBuilder b;
  b.without(Stage::kHw, Seen::kNotApplicable, Reason::kNoHardwareTimestamp);
  b.at(Stage::kIrq, 1000000).at(Stage::kRaise, 1001000).at(Stage::kSoftirq, 1003000).at(Stage::kDriver, 1010000);
  b.at(Stage::kStack, 1012000).at(Stage::kProtocol, 1030000).at(Stage::kQueued, 1039000);
  b.path.arrival.driver_hook = "gro_receive";
  b.path.arrival.irq = 27;
  b.path.arrival.irq_name = "virtio0-input.0";
  b.path.arrival.irq_over = "idle";
  b.path.arrival.softirq_how = "irq_exit";
  b.path.arrival.device = "eth0";
  b.path.arrival.device_kind = "virtio_net";
  b.path.arrival.queue = 1;
  b.path.arrival.napi_id = 8193;
  b.path.arrival.frames = 3;
  b.path.arrival.level = model::Level::kSoftirq;
  b.path.arrival.packet_bytes = 4200;
  return woken_by_epoll(b, 1040000);
}

Path shifted(Path path, std::uint64_t by_ns) {
  for (model::StagePoint& point : path.stages) {
    if (point.has_time()) point.ts_ns += by_ns;
  }
  return path;
}

}  // namespace wp::test
