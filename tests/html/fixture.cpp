// SPDX-License-Identifier: GPL-2.0-or-later
// wp_html_fixture FILE REQUESTS [hostile]: a recording of a server behind a card, as a kernel could have made it, with
// everything the page draws: interrupts, softirqs, NAPI polls, switches, waits, a hog on the server's CPU for every
// hundredth request, a loss in the middle. `hostile`: every name that a stranger chooses tries to leave its place.
#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/support/recording.hpp"

namespace {

constexpr std::uint64_t kStart = 1'000'000'000;
constexpr unsigned kConnections = 40;

struct Names {
  std::string server = "srv", hog = "backup", irq = "virtio1-input.0", device = "eth0", target = "pid 42";
};

Names hostile_names() {
  return {R"(</script><b>x)", R"(<img/src=x>\x1b)", R"("><img src=x onerror=window.pwned=1>\u{202e})",
          R"(</script><script>window.pwned=1)", "<svg onload=window.pwned=1> --><!-- @DATA@ ${pwned=1}"};
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '\\';
    out += c;
  }
  return out + '"';
}

class Fixture {
 public:
  Fixture(const std::string& file, const Names& names) : names_(names) {
    wp::stream::Header header = wp::stream::own_header();
    header.kernel = "6.18.0-fixture";
    header.arch = "x86_64";
    header.target = names.target;
    header.command_line = "wp_html_fixture " + names.target;
    header.cpus = 2;
    header.monotonic_ns = kStart;
    header.realtime_ns = 1'700'000'000'000'000'000;
    header.hooks.push_back({"timeline__switch", "sched_switch", "timeline", true, ""});
    auto writer = wp::stream::RecordingWriter::create(file, header, wp::stream::Existing::kReplace);
    WP_CHECK(writer.has_value());
    writer_ = std::move(*writer);
  }

  void begin() {
    put(0, 1, fmt::format("name key=25 text={}", quoted(names_.irq)));
    put(0, 1, fmt::format("name key=0x900000002 space=1 text={}", quoted(names_.device)));
    put(0, 1, "name key=0x900000002 space=5 text=\"virtio_net\"");
    put(0, 1, "name key=0xe1 space=2 text=\"ep_poll_callback\"");
    put(0, 1, "name key=0 space=4 text=\"read\"");
    put(0, 1, "name key=1 space=4 text=\"write\"");
    put(0, 1, "name key=232 space=4 text=\"epoll_wait\"");
    put(0, kStart, fmt::format("task start_ns=7 tid=42 pid=42 ppid=1 comm={}", quoted(names_.server)));
    for (unsigned c = 0; c < kConnections; ++c)
      put(0, kStart + 1 + c,
          fmt::format("socket cookie={} local=0a000001 peer=0a0000{:02x} local_port=80 peer_port={} family=2 "
                      "protocol=6 type=1 state=1",
                      7 + c, 2 + c, 4000 + c));
    put(1, kStart + 100, "task_switch prev_tid=42 prev_state=1");
    at_ = kStart + 1000;
    off_ = kStart + 100;
  }

  // One request: from its interrupt to its reply. Slow ones wait while the hog runs.
  void request(std::uint64_t n) {
    const bool is_slow = n % 100 == 99;
    // The deliveries' order of stages, with the unevenness of a real machine, so that a report of it is as large.
    const std::uint64_t t = at_ + vary(700), wait = (is_slow ? 400'000 : 3000) + vary(60'000 / (1 + vary(20)));
    const std::uint64_t raise = t + 200 + vary(100), softirq = raise + 400 + vary(200),
                        driver = softirq + 200 + vary(200);
    const std::uint64_t stack = driver + 200 + vary(200), protocol = stack + 200 + vary(200);
    const std::uint64_t run = t + 3000 + wait, enter = run + 1200 + vary(300), copied = enter + 200 + vary(400);
    const std::uint64_t send = run + 3000 + vary(900), cookie = 7 + n % kConnections, from = n / kConnections * 64,
                        seq = seq_[0] + 2;
    put(0, raise + 60 + vary(100), fmt::format("cpu_slice begin_ns={} number=25", t));
    put(0, t + 2600,
        fmt::format(
            "delivery cookie={} begin={} end={} skb=0xa00 irq_ns={} raise_ns={} softirq_ns={} driver_ns={} stack_ns={} "
            "protocol_ns={} w_func=0xe1 w_start_ns=7 w_tid=42 w_fd={} unread=64 len=116 irq=25 ifindex=2 napi_id=33 "
            "queue=1 level=1 softirq_how=1 irq_over=1 driver_hook=1 w_mech=1 w_flags=2 w_count=1 netns=9",
            cookie, from, from + 64, t, raise, softirq, driver, stack, protocol, 5 + n % kConnections));
    put(0, t + 3100 + vary(150),
        fmt::format("cpu_slice begin_ns={} what=3 number=33 ifindex=2 work=1 budget=64", softirq));
    put(0, t + 3300 + vary(400), fmt::format("cpu_slice begin_ns={} what=1 number=3", softirq));
    if (is_slow) put(1, t + 2000, fmt::format("task_switch next_tid=99 next_pid=99 next_comm={}", quoted(names_.hog)));
    put(1, run,
        fmt::format("run start_ns=7 off_ns={} waking_ns={} runnable_ns={} wake_delivery={} tid=42 pid=42 off_state=1 "
                    "off_cpu=1 wake_level=1 prev_tid={} prev_comm={}",
                    off_, t + 2700 + vary(90), t + 2800 + vary(150), seq, is_slow ? 99 : 0,
                    quoted(is_slow ? names_.hog : "swapper/1")));
    put(1, run + 100 + vary(200),
        fmt::format("task_switch prev_tid={} next_tid=42 next_pid=42 flags=2 next_comm={}", is_slow ? 99 : 0,
                    quoted(names_.server)));
    put(1, run + 700 + vary(400),
        fmt::format("wait_call start_ns=7 enter_ns={} timeout_ns=-1 ret=1 tid=42 pid=42 fd=4 watched=64 nr=232 slept=1",
                    off_ - 200));
    put(1, copied + 100 + vary(600),
        fmt::format(
            "read_call start_ns=7 enter_ns={} copied_ns={} cookie={} begin={} end={} ret=64 tid=42 pid=42 fd={} "
            "file_kind=1",
            enter, copied, cookie, from, from + 64, 5 + n % kConnections));
    put(1, send + 1600 + vary(500),
        fmt::format("send_call start_ns=7 enter_ns={} xmit_ns={} cookie={} ret=64 tid=42 pid=42 fd={} xmit_ifindex=2 "
                    "segments=1 nr=1 file_kind=1",
                    send, send + 900 + vary(600), cookie, 5 + n % kConnections));
    put(1, run + 6500, "task_switch prev_tid=42 prev_state=1");
    off_ = run + 6400;
    at_ = run + 12'000;
  }

  /// Forty records of CPU 0 that never came.
  void lose() { seq_[0] += 40; }

  void pass_on() {
    text_ += fmt::format("{} cpu=99 seq={} watermark upto_ns={}\n", at_, ++seq_[2], at_);
    WP_CHECK(writer_->append(wp::test::bytes_of_events(text_)).has_value());
    WP_CHECK(writer_->flush().has_value());
    text_.clear();
  }
  void end() {
    pass_on();
    WP_CHECK(writer_->close().has_value());
  }

 private:
  void put(unsigned cpu, std::uint64_t ns, const std::string& event) {
    text_ += fmt::format("{} cpu={} seq={} {}\n", ns, cpu, ++seq_[cpu], event);
  }

  // Always the same numbers: Knuth's MMIX generator.
  std::uint64_t vary(std::uint64_t below) {
    random_ = random_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return below ? (random_ >> 33U) % below : 0;
  }

  Names names_;
  std::uint64_t random_ = 1;
  std::unique_ptr<wp::stream::RecordingWriter> writer_;
  std::string text_;
  std::array<std::uint64_t, 3> seq_{};
  std::uint64_t at_ = 0, off_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: wp_html_fixture FILE REQUESTS [hostile]\n", stderr);
    return 2;
  }
  Fixture fixture(argv[1], argc > 3 ? hostile_names() : Names{});
  const std::uint64_t requests = std::strtoull(argv[2], nullptr, 10);
  fixture.begin();
  for (std::uint64_t n = 0; n < requests; ++n) {
    fixture.request(n);
    if (n == requests / 2) fixture.lose();
    if (n % 1000 == 999) fixture.pass_on();
  }
  fixture.end();
  return 0;
}
