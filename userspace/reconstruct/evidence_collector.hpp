// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Events and paths become counts for each thread: how it waits, what wakes it, and what it does while nothing
// arrives. It counts and never judges. Feed it events in time order, and every path as it is finished.
#include <cstdint>
#include <map>
#include <set>
#include <unordered_map>

#include "userspace/event/event_sink.hpp"
#include "userspace/model/evidence.hpp"
#include "userspace/reconstruct/names.hpp"
#include "userspace/reconstruct/task_tracker.hpp"
#include "userspace/reconstruct/thread_time.hpp"

namespace wp::reconstruct {

class EvidenceCollector : public event::EventSink {
 public:
  void on(const event::Event& event) override;
  void on_path(const model::Path& path);
  void end() override;

  /// Complete after end() and after the last path.
  [[nodiscard]] model::Evidence take();

 private:
  struct Thread {
    model::ThreadEvidence e;
    ThreadTime time;
    std::uint64_t on_ns = 0;    ///< it runs since; 0: it does not, or that is not known
    std::uint64_t told_ns = 0;  ///< everything up to here is in the time
    wp_usage first_usage{}, last_usage{};
    LeftOut left_out;
    std::uint32_t calls = 0, yields = 0;
    bool counted = false;  ///< the two above have a beginning
    // the turn it is in
    bool tick = false, timed_out = false, by_socket = false, bore = false, in_turn = false;
    std::uint64_t probes = 0, turn_barren = 0;
    std::uint64_t last_tick_ns = 0, progress_ns = 0, preempted_ns = 0;
    std::uint64_t awaited_cpu = 0, awaited_seq = 0;  ///< the connection it was asleep for when it arrived
    bool awaits_connection = false;
    model::Mechanism awaited_how = model::Mechanism::kNone;
    std::map<std::uint64_t, std::uint64_t> sockets;  ///< cookie -> first read
  };
  struct Socket {
    std::uint64_t open_ns = 0, close_ns = 0, listener = 0;
    std::uint16_t local_port = 0;
    bool listens = false, datagram = false, accepted = false;
    std::uint32_t pid = 0;  ///< process that read it last
    std::uint64_t unread_since_ns = 0;
    model::TaskId reader;
  };

  void route(const event::Loss& loss) { evidence_.events_lost += loss.count; }
  void route(const wp_delivery& r);
  void route(const wp_run& r);
  void route(const wp_wait_call& r);
  void route(const wp_read_call& r);
  void route(const wp_send_call& r);
  void route(const wp_accept_call& r);
  void route(const wp_socket& r);
  void route(const wp_sock_state& r);
  void route(const wp_task& r);
  void route(const wp_task_exit& r);
  void route(const wp_name& r) { names_.on(r); }
  void route(const wp_usage& r);
  template <typename Other>
  void route(const Other&) {}  // says nothing about how a thread spends its time

  Thread& thread(std::uint32_t tid, std::uint64_t start_ns, std::uint32_t pid, std::uint64_t ns);
  QuietStretches& quiet(std::uint32_t pid) { return quiet_[pid]; }
  void arrival(std::uint32_t pid, std::uint64_t ns);
  template <typename Record>
  void add_left_out(Thread& t, const Record& r);
  void add_time(Thread& t, const wp_run& r);
  void end_turn(Thread& t, std::uint64_t off_ns);
  void begin_turn(Thread& t, const wp_run& r);
  void progress(Thread& t, std::uint64_t ns);
  void serves(Thread& t, std::uint64_t cookie, std::uint64_t ns);
  void count_woken(DeliveryId id);
  void handed_over(const model::Path& path);
  void close_books(Thread& t);
  void count_sockets(Thread& t, const std::set<std::uint16_t>& ports);
  std::string call_name(std::uint32_t nr_plus_one) const;

  model::Evidence evidence_;
  NameTable names_;
  std::map<model::TaskId, Thread> threads_;
  std::map<std::uint32_t, QuietStretches> quiet_;
  std::unordered_map<std::uint64_t, Socket> sockets_;
  struct Woken {
    DeliveryId by = 0;
    std::uint32_t tasks = 0;
  };
  std::vector<Woken> woken_ = std::vector<Woken>(kDeliverySlots);  // by delivery_slot: memory does not grow
};

}  // namespace wp::reconstruct
