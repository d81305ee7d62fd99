// SPDX-License-Identifier: GPL-2.0-or-later
// The load for the echo servers: fixed-size requests over many connections, every echo checked byte by byte, every
// request logged. One thread, epoll; bounded in time and count. Prints one line of JSON.
//
//   --workload W0..W10   one of the named workloads; --list says what each is. Options given besides win
//   --connect ADDR:PORT or unix:NAME; --udp   datagrams instead of a stream
//   --connections N  --idle N (more, on which nothing is sent)  --requests M (in total)  --size B
//   --pipeline K     requests outstanding on a connection (1)
//   --batch K        requests in one send; the next batch goes out when all their echoes are back (1)
//   --split S        sends per request, with --split-pause-us between them; holds up the other connections too (1)
//   --interval-us U  pause of a connection between an echo and its next request (0)
//   --rate R         R requests a second in total, at random times (Poisson, --seed): an open loop. A request that must
//                    wait for its connection is late, and its latency counts from when it was due
//   --reconnect      a new connection for each request
//   --urgent         an urgent byte before each request
//   --sequential     one connection after another, for a server that serves one at a time
//   --settle-ms T    between the last connect and the first request, so that the server sleeps by then (20)
//   --seconds S      send no new request after S seconds; M is then an upper bound. Without requests: stay so long
//   --max-seconds S  give up after S seconds: what is missing by then is an error
//   --truth FILE     log of requests
//
// Without --rate the loop is closed: a connection sends its next request when the echo of the last is back, so that a
// slow server is asked less. Such latencies say nothing of those who would have come meanwhile: `open_loop` tells.
#include <cmath>
#include <memory>
#include <random>

#include "demo-servers/common/epoll.hpp"
#include "demo-servers/common/flow.hpp"

namespace {

using namespace wp::demo;
using RequestLog = TruthLog<wp::truth::ClientRequest>;

struct Outcome {
  std::vector<std::uint64_t> latencies_ns;
  std::uint64_t errors = 0;
  std::uint64_t busy_ns = 0;  ///< from the first send to the last echo
};

/// Runs the flows it is given, all connected beforehand, to their end.
class Load {
 public:
  Load(const LoadOptions& options, RequestLog& log, Outcome& outcome)
      : options_(options), log_(log), outcome_(outcome), epoll_(make_epoll()), random_(options.seed) {}
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  ~Load() { close(epoll_); }

  void run(std::uint32_t first, std::uint32_t last, std::uint64_t give_up_ns, std::uint64_t stop_ns) {
    for (std::uint32_t i = first; i < last; ++i) open_flow(i);
    usleep(static_cast<useconds_t>(options_.settle_ms * 1000));
    const std::uint64_t begin_ns = now_ns();
    next_due_ns_ = begin_ns;
    for (std::size_t slot = 0; slot < flows_.size() && options_.rate == 0; ++slot) {
      if (flows_[slot]) go_on(slot);
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

  [[nodiscard]] std::uint64_t share_of(std::uint32_t index) const {
    return options_.requests / options_.connections + (index < options_.requests % options_.connections ? 1 : 0);
  }

  void open_flow(std::uint32_t index) {
    const std::uint64_t share = share_of(index);
    flows_.push_back(nullptr);
    reconnects_left_.push_back(options_.reconnect && share > 0 ? share - 1 : 0);
    if (share == 0) return;
    ++active_;
    due_left_ += options_.rate > 0 ? share : 0;
    connect_flow(flows_.size() - 1, index, options_.reconnect ? 1 : share);
  }

  void connect_flow(std::size_t slot, std::uint32_t index, std::uint64_t requests) {
    flows_[slot] = std::make_unique<Flow>(options_, index, requests);
    watch(EPOLL_CTL_ADD, *flows_[slot], slot);
  }

  void one_round() {
    std::array<epoll_event, 64> events;
    const int ready = epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout(), nullptr);
    if (ready < 0 && errno != EINTR) give_up_on_errno("epoll_pwait2");
    for (int i = 0; i < ready; ++i) handle(events[static_cast<std::size_t>(i)].data.u64);
    while (!due_.empty() && due_.front().at_ns <= now_ns()) {
      const std::size_t slot = due_.front().flow;
      due_.pop_front();
      if (flows_[slot]) go_on(slot);
    }
    send_what_is_due();
  }

  /// The open loop: who is next, whatever became of the ones before. Times between two are exponential.
  void send_what_is_due() {
    while (due_left_ > 0 && next_due_ns_ <= now_ns()) {
      const std::size_t slot = next_flow_++ % flows_.size();
      if (flows_[slot]) {
        flows_[slot]->add_due(next_due_ns_);
        go_on(slot);
      }
      --due_left_;
      const double share = std::generate_canonical<double, 53>(random_);
      next_due_ns_ += static_cast<std::uint64_t>(-std::log1p(-share) * 1e9 / static_cast<double>(options_.rate));
    }
  }

  const timespec& timeout() {
    constexpr std::uint64_t kLongest = 100'000'000;
    const std::uint64_t now = now_ns();
    std::uint64_t next = due_.empty() ? now + kLongest : due_.front().at_ns;
    if (due_left_ > 0) next = std::min(next, next_due_ns_);
    timeout_.tv_nsec = static_cast<long>(std::min(std::max(now, next) - now, kLongest));
    return timeout_;
  }

  void handle(std::size_t slot) {
    auto& flow = flows_[slot];
    const auto finished = [this](const wp::truth::ClientRequest& request, std::uint64_t from_ns) {
      outcome_.latencies_ns.push_back(request.reply_ns - from_ns);
      log_.add(request);
    };
    if (!flow) return;
    if (!flow->read_echoes(finished)) return fail(flow);
    if (options_.interval_us > 0 && flow->idle()) {
      due_.push_back({now_ns() + options_.interval_us * 1000, slot});
    } else {
      go_on(slot);
    }
  }

  void go_on(std::size_t slot) {
    auto& flow = flows_[slot];
    const bool was_sending = flow->has_to_send();
    if (options_.urgent && flow->idle() && !flow->send_urgent()) return fail(flow);
    if (!flow->send_requests()) return fail(flow);
    if (half_closes(slot) && flow->sent_all()) flow->close_half();
    if (flow->has_to_send() != was_sending) watch(EPOLL_CTL_MOD, *flow, slot);
    if (flow->done()) end_flow(slot);
  }

  /// Of the connections that end in turn by half-close and reset.
  [[nodiscard]] bool half_closes(std::size_t slot) const {
    return options_.ending == Ending::kHalf && reconnects_left_[slot] % 2 == 0;
  }

  void end_flow(std::size_t slot) {
    auto& flow = flows_[slot];
    if (options_.ending == Ending::kHalf && !half_closes(slot)) flow->reset_at_close();
    const std::uint32_t index = flow->index();
    flow.reset();
    if (reconnects_left_[slot] > 0) {
      --reconnects_left_[slot];
      connect_flow(slot, index, 1);
      return go_on(slot);
    }
    --active_;
  }

  void stop_starting() {
    due_left_ = 0;
    for (std::size_t slot = 0; slot < flows_.size(); ++slot) {
      reconnects_left_[slot] = 0;
      if (!flows_[slot]) continue;
      flows_[slot]->start_no_more();
      if (flows_[slot]->done()) end_flow(slot);
    }
  }

  void fail(std::unique_ptr<Flow>& flow) {
    outcome_.errors += flow->unanswered();
    flow.reset();
    --active_;
  }

  void watch(int operation, const Flow& flow, std::size_t slot) {
    set_interest(epoll_, operation, flow.fd(), flow.has_to_send() ? EPOLLIN | EPOLLOUT : EPOLLIN, {.u64 = slot});
  }

  const LoadOptions& options_;
  RequestLog& log_;
  Outcome& outcome_;
  int epoll_;
  std::mt19937_64 random_;
  timespec timeout_{};
  std::uint64_t active_ = 0, due_left_ = 0, next_due_ns_ = 0, next_flow_ = 0;
  std::vector<std::unique_ptr<Flow>> flows_;
  std::vector<std::uint64_t> reconnects_left_;  ///< beside flows_
  std::deque<Due> due_;                         ///< in order of time: every pause is equally long
};

void print(const LoadOptions& options, Outcome& outcome) {
  auto& sorted = outcome.latencies_ns;
  std::sort(sorted.begin(), sorted.end());
  const auto quantile = [&](std::size_t thousandth) -> unsigned long long {
    return sorted.empty() ? 0 : sorted[(sorted.size() - 1) * thousandth / 1000];
  };
  const double seconds = static_cast<double>(outcome.busy_ns) / 1e9;
  std::printf(
      "{\"requests\":%zu,\"errors\":%llu,\"seconds\":%.6f,\"rps\":%.1f,\"open_loop\":%s,\"idle\":%llu,"
      "\"p50_ns\":%llu,\"p90_ns\":%llu,\"p99_ns\":%llu,\"p999_ns\":%llu,\"max_ns\":%llu}\n",
      sorted.size(), static_cast<unsigned long long>(outcome.errors), seconds,
      seconds > 0 ? static_cast<double>(sorted.size()) / seconds : 0.0, options.rate > 0 ? "true" : "false",
      static_cast<unsigned long long>(options.idle), quantile(500), quantile(900), quantile(990), quantile(999),
      quantile(1000));
}

/// Connections on which nothing is sent, open until it goes.
class IdleConnections {
 public:
  explicit IdleConnections(const LoadOptions& options) {
    for (std::uint64_t i = 0; i < options.idle; ++i) {
      fds_.push_back(connected_socket(options, static_cast<std::uint32_t>(options.connections + i)));
    }
  }
  IdleConnections(const IdleConnections&) = delete;
  IdleConnections& operator=(const IdleConnections&) = delete;
  ~IdleConnections() {
    for (const int fd : fds_) close(fd);
  }

 private:
  std::vector<int> fds_;
};

}  // namespace

int main(int argc, char** argv) {
  const LoadOptions options = parse_load_options(argc, argv);
  allow_many_descriptors();
  RequestLog log(options.truth, std::max<std::uint64_t>(options.requests, 1));
  Outcome outcome;
  outcome.latencies_ns.reserve(std::min<std::uint64_t>(options.requests, 1U << 20U));
  const std::uint64_t begin_ns = now_ns();
  const std::uint64_t give_up_ns = begin_ns + options.max_seconds * 1'000'000'000U;
  const std::uint64_t stop_ns = options.seconds > 0 ? begin_ns + options.seconds * 1'000'000'000U : UINT64_MAX;
  const auto connections = static_cast<std::uint32_t>(options.connections);
  const IdleConnections idle(options);
  Load load(options, log, outcome);
  if (options.requests == 0) {
    sleep(static_cast<unsigned>(options.seconds));
  } else if (options.sequential) {
    for (std::uint32_t i = 0; i < connections; ++i) load.run(i, i + 1, give_up_ns, stop_ns);
  } else {
    load.run(0, connections, give_up_ns, stop_ns);
  }
  print(options, outcome);
  const bool whole = log.write_file();
  if (!whole) std::perror(options.truth.c_str());
  return whole && outcome.errors == 0 ? 0 : 1;
}
