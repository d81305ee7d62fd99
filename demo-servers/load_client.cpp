// SPDX-License-Identifier: GPL-2.0-or-later
// The load for the echo servers: a closed loop of fixed-size requests over many connections, every echo checked byte
// by byte, every request logged. One thread, epoll; bounded in time and count. Prints one line of JSON.
//
//   --connect ADDR:PORT  --connections N  --requests M (in total)  --size B
//   --pipeline K     requests outstanding on a connection (1)
//   --batch K        requests in one send; the next batch goes out when all their echoes are back (1)
//   --split S        sends per request, with --split-pause-us between them; holds up the other connections too (1)
//   --interval-us U  pause of a connection between an echo and its next request (0)
//   --sequential     one connection after another, for a server that serves one at a time
//   --seconds S      send no new request after S seconds; M is then an upper bound
//   --max-seconds S  give up after S seconds: what is missing by then is an error
//   --truth FILE     log of requests
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <optional>

#include "demo-servers/common/echo.hpp"

namespace {

using namespace wp::demo;
using RequestLog = TruthLog<wp::truth::ClientRequest>;

struct LoadOptions {
  Address server{};
  std::uint64_t connections = 0, requests = 0, pipeline = 0, batch = 0, split = 0;
  std::uint64_t split_pause_us = 0, interval_us = 0, seconds = 0, max_seconds = 0;
  std::size_t message_bytes = 0;
  bool sequential = false;
  std::string truth;
};

Address parse_endpoint(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) give_up("--connect takes ADDR:PORT or [ADDR]:PORT");
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const unsigned long port = std::strtoul(text.c_str() + colon + 1, nullptr, 10);
  if (port == 0 || port > 65535) give_up("not a port in --connect " + text);
  return address_from(host, static_cast<std::uint16_t>(port));
}

LoadOptions parse_load_options(int argc, char** argv) {
  Arguments arguments(argc, argv);
  LoadOptions options;
  options.server = parse_endpoint(arguments.text("--connect", ""));
  options.connections = arguments.number("--connections", 1, 1, 50'000);
  options.requests = arguments.number("--requests", 1000, 1, 100'000'000);
  options.message_bytes = arguments.number("--size", 64, 16, 1U << 20U);
  options.pipeline = arguments.number("--pipeline", 1, 1, 1024);
  options.batch = arguments.number("--batch", 1, 1, 1024);
  options.split = arguments.number("--split", 1, 1, options.message_bytes);
  options.split_pause_us = arguments.number("--split-pause-us", 50, 0, 1'000'000);
  options.interval_us = arguments.number("--interval-us", 0, 0, 60'000'000);
  options.seconds = arguments.number("--seconds", 0, 0, 86400);
  options.max_seconds = arguments.number("--max-seconds", 300, 1, 86400);
  options.sequential = arguments.flag("--sequential");
  options.truth = arguments.text("--truth", "");
  arguments.refuse_the_rest();
  if (options.split > 1 && options.batch > 1) give_up("--split and --batch exclude each other");
  if (options.interval_us > 0 && options.pipeline > 1) give_up("--interval-us needs --pipeline 1");
  return options;
}

/// {magic and connection, request id, a pattern that differs from request to request}
void write_message(std::vector<char>& to, std::size_t bytes, std::uint32_t connection, std::uint64_t id) {
  constexpr std::uint64_t kMagic = 0x5770'4563U;
  const std::array<std::uint64_t, 2> head{kMagic << 32U | connection, id};
  const std::size_t begin = to.size();
  to.resize(begin + bytes, static_cast<char>(id * 31 + connection));
  std::memcpy(to.data() + begin, head.data(), sizeof head);
}

/// One connection and the requests outstanding on it.
class Flow {
 public:
  Flow(const LoadOptions& options, std::uint32_t index, std::uint64_t requests)
      : options_(options), index_(index), left_(requests) {
    fd_ = socket(options.server.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd_ < 0) give_up_on_errno("socket");
    if (connect(fd_, &options.server.any, size_of(options.server)) != 0) give_up_on_errno("connect");
    Address local{};
    socklen_t size = sizeof local;
    if (getsockname(fd_, &local.any, &size) != 0) give_up_on_errno("getsockname");
    key_ = wp::truth::connection_key(local.any.sa_family, port_of(options.server), port_of(local));
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;
  ~Flow() { close(fd_); }

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool done() const { return outstanding_.empty() && left_ == 0; }
  [[nodiscard]] bool idle() const { return outstanding_.empty() && left_ > 0; }
  [[nodiscard]] bool has_to_send() const { return sent_ < queued_; }
  void start_no_more() { left_ = 0; }

  /// Puts as many requests as pipeline and batch allow into the send queue, and sends. False: the connection broke.
  bool send_requests() {
    while (left_ > 0 && outstanding_.size() < std::max(options_.pipeline, options_.batch)) {
      if (options_.batch > 1 && outstanding_.empty()) batch_left_ = options_.batch;
      if (options_.batch > 1 && batch_left_ == 0) break;
      if (options_.batch > 1) --batch_left_;
      write_message(unsent_, options_.message_bytes, index_, next_id_);
      outstanding_.push_back({key_, next_id_, next_id_ * options_.message_bytes, 0, 0, 0,
                              static_cast<std::uint32_t>(options_.message_bytes), 0});
      queued_ += options_.message_bytes;
      ++next_id_;
      --left_;
    }
    return flush();
  }

  /// False: the connection broke.
  bool flush() {
    while (has_to_send()) {
      const std::size_t piece = piece_to_send();
      const std::uint64_t before_ns = now_ns();
      const ssize_t done = send(fd_, unsent_.data(), piece, MSG_NOSIGNAL | MSG_DONTWAIT);
      const std::uint64_t after_ns = now_ns();
      if (done < 0) return errno == EAGAIN;
      note_sent(static_cast<std::uint64_t>(done), before_ns, after_ns);
      unsent_.erase(unsent_.begin(), unsent_.begin() + done);
      if (options_.split > 1 && has_to_send()) usleep(static_cast<useconds_t>(options_.split_pause_us));
    }
    return true;
  }

  /// Reads once and hands every request whose echo is whole and right to `finished`. False: broken or a wrong echo.
  template <typename Finished>
  bool read_echoes(Finished finished) {
    static std::array<char, 65536> room;  // one thread, one read at a time
    const ssize_t got = recv(fd_, room.data(), room.size(), MSG_DONTWAIT);
    const std::uint64_t now = now_ns();
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) return false;
    received_.insert(received_.end(), room.begin(), room.begin() + got);
    std::size_t used = 0;
    for (; received_.size() - used >= options_.message_bytes; used += options_.message_bytes) {
      if (outstanding_.empty()) return false;
      wp::truth::ClientRequest& request = outstanding_.front();
      expected_.clear();
      write_message(expected_, options_.message_bytes, index_, request.id);
      if (std::memcmp(expected_.data(), received_.data() + used, expected_.size()) != 0) return false;
      request.reply_ns = now;
      finished(request);
      outstanding_.pop_front();
    }
    received_.erase(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(used));
    return true;
  }

  [[nodiscard]] std::uint64_t unanswered() const { return outstanding_.size() + left_; }

 private:
  [[nodiscard]] std::size_t piece_to_send() const {
    if (options_.split == 1) return unsent_.size();
    const std::size_t part = (options_.message_bytes + options_.split - 1) / options_.split;
    const std::size_t left_of_message = options_.message_bytes - sent_ % options_.message_bytes;
    return std::min(part, left_of_message);
  }

  void note_sent(std::uint64_t bytes, std::uint64_t before_ns, std::uint64_t after_ns) {
    const std::uint64_t begin = sent_;
    sent_ += bytes;
    // Only the youngest requests can be touched: the ones before them were sent whole.
    for (auto request = outstanding_.rbegin(); request != outstanding_.rend(); ++request) {
      const std::uint64_t end = request->offset + request->bytes;
      if (end <= begin) break;
      if (request->offset >= begin && request->offset < sent_) request->send_before_ns = before_ns;
      if (end <= sent_) request->send_after_ns = after_ns;
    }
  }

  const LoadOptions& options_;
  std::uint32_t index_;
  std::uint64_t left_, next_id_ = 0, batch_left_ = 0;
  std::uint64_t key_ = 0, queued_ = 0, sent_ = 0;  ///< bytes since the connection was established
  int fd_ = -1;
  std::vector<char> unsent_, received_, expected_;
  std::deque<wp::truth::ClientRequest> outstanding_;
};

struct Outcome {
  std::vector<std::uint64_t> latencies_ns;
  std::uint64_t errors = 0;
  std::uint64_t busy_ns = 0;  ///< from the first send to the last echo
};

/// Until the server has accepted every connection and sleeps: the first request then finds it waiting.
constexpr useconds_t kSettleUs = 20'000;

/// Runs the flows it is given, all connected beforehand, to their end.
class Load {
 public:
  Load(const LoadOptions& options, RequestLog& log, Outcome& outcome)
      : options_(options), log_(log), outcome_(outcome), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) give_up_on_errno("epoll_create1");
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  ~Load() { close(epoll_); }

  void run(std::uint32_t first, std::uint32_t last, std::uint64_t give_up_ns, std::uint64_t stop_ns) {
    for (std::uint32_t i = first; i < last; ++i) open_flow(i);
    usleep(kSettleUs);
    const std::uint64_t begin_ns = now_ns();
    for (std::size_t slot = 0; slot < flows_.size(); ++slot) {
      if (flows_[slot]) go_on(flows_[slot], slot);
    }
    while (active_ > 0 && now_ns() < give_up_ns) {
      if (now_ns() >= stop_ns) stop_starting();
      one_round();
    }
    for (auto& flow : flows_) {
      if (flow) fail(flow);
    }
    outcome_.busy_ns += now_ns() - begin_ns;
    flows_.clear();
    due_.clear();
  }

 private:
  struct Due {
    std::uint64_t at_ns;
    std::size_t flow;
  };

  void open_flow(std::uint32_t index) {
    const std::uint64_t share =
        options_.requests / options_.connections + (index < options_.requests % options_.connections ? 1 : 0);
    flows_.push_back(std::make_unique<Flow>(options_, index, share));
    if (share == 0) {
      flows_.back().reset();
      return;
    }
    ++active_;
    watch(EPOLL_CTL_ADD, *flows_.back(), flows_.size() - 1);
  }

  void one_round() {
    std::array<epoll_event, 64> events;
    const int ready = epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout(), nullptr);
    if (ready < 0 && errno != EINTR) give_up_on_errno("epoll_pwait2");
    for (int i = 0; i < ready; ++i) handle(events[static_cast<std::size_t>(i)].data.u64);
    while (!due_.empty() && due_.front().at_ns <= now_ns()) {
      auto& flow = flows_[due_.front().flow];
      if (flow) go_on(flow, due_.front().flow);
      due_.pop_front();
    }
  }

  const timespec& timeout() {
    constexpr std::uint64_t kLongest = 100'000'000;
    const std::uint64_t now = now_ns();
    const std::uint64_t next = due_.empty() ? now + kLongest : std::max(now, due_.front().at_ns);
    timeout_.tv_nsec = static_cast<long>(std::min(next - now, kLongest));
    return timeout_;
  }

  void handle(std::size_t slot) {
    auto& flow = flows_[slot];
    const auto finished = [this](const wp::truth::ClientRequest& request) {
      outcome_.latencies_ns.push_back(request.reply_ns - request.send_before_ns);
      log_.add(request);
    };
    if (!flow) return;
    if (!flow->read_echoes(finished)) return fail(flow);
    if (options_.interval_us > 0 && flow->idle()) {
      due_.push_back({now_ns() + options_.interval_us * 1000, slot});
    } else {
      go_on(flow, slot);
    }
  }

  void go_on(std::unique_ptr<Flow>& flow, std::size_t slot) {
    const bool was_sending = flow->has_to_send();
    if (!flow->send_requests()) return fail(flow);
    if (flow->has_to_send() != was_sending) watch(EPOLL_CTL_MOD, *flow, slot);
    if (flow->done()) {
      flow.reset();
      --active_;
    }
  }

  void stop_starting() {
    for (auto& flow : flows_) {
      if (!flow) continue;
      flow->start_no_more();
      if (!flow->done()) continue;
      flow.reset();
      --active_;
    }
  }

  void fail(std::unique_ptr<Flow>& flow) {
    outcome_.errors += flow->unanswered();
    flow.reset();
    --active_;
  }

  void watch(int operation, const Flow& flow, std::size_t slot) {
    epoll_event event{};
    event.events = flow.has_to_send() ? EPOLLIN | EPOLLOUT : EPOLLIN;
    event.data.u64 = slot;
    if (epoll_ctl(epoll_, operation, flow.fd(), &event) != 0) give_up_on_errno("epoll_ctl");
  }

  const LoadOptions& options_;
  RequestLog& log_;
  Outcome& outcome_;
  int epoll_;
  timespec timeout_{};
  std::uint64_t active_ = 0;
  std::vector<std::unique_ptr<Flow>> flows_;
  std::deque<Due> due_;  ///< in order of time: every pause is equally long
};

void print(Outcome& outcome) {
  auto& sorted = outcome.latencies_ns;
  std::sort(sorted.begin(), sorted.end());
  const auto percentile = [&](std::size_t p) -> unsigned long long {
    return sorted.empty() ? 0 : sorted[(sorted.size() - 1) * p / 100];
  };
  const double seconds = static_cast<double>(outcome.busy_ns) / 1e9;
  std::printf(
      "{\"requests\":%zu,\"errors\":%llu,\"seconds\":%.6f,\"rps\":%.1f,\"p50_ns\":%llu,\"p90_ns\":%llu,\"p99_ns\":%llu}"
      "\n",
      sorted.size(), static_cast<unsigned long long>(outcome.errors), seconds,
      seconds > 0 ? static_cast<double>(sorted.size()) / seconds : 0.0, percentile(50), percentile(90), percentile(99));
}

}  // namespace

int main(int argc, char** argv) {
  const LoadOptions options = parse_load_options(argc, argv);
  allow_many_descriptors();
  RequestLog log(options.truth, options.requests);
  Outcome outcome;
  outcome.latencies_ns.reserve(std::min<std::uint64_t>(options.requests, 1U << 20U));
  const std::uint64_t begin_ns = now_ns();
  const std::uint64_t give_up_ns = begin_ns + options.max_seconds * 1'000'000'000U;
  const std::uint64_t stop_ns = options.seconds > 0 ? begin_ns + options.seconds * 1'000'000'000U : UINT64_MAX;
  const auto connections = static_cast<std::uint32_t>(options.connections);
  Load load(options, log, outcome);
  if (options.sequential) {
    for (std::uint32_t i = 0; i < connections; ++i) load.run(i, i + 1, give_up_ns, stop_ns);
  } else {
    load.run(0, connections, give_up_ns, stop_ns);
  }
  print(outcome);
  const bool whole = log.write_file();
  if (!whole) std::perror(options.truth.c_str());
  return whole && outcome.errors == 0 ? 0 : 1;
}
