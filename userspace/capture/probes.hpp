// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// The BPF programs, loaded and attached. There is no list of them: the object's programs are walked,
// and those whose tracepoint this kernel lacks are switched off and named. Everything is released by
// the kernel when this process ends, however it ends: nothing is pinned.
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bpf/wire/shared.h"
#include "userspace/base/result.hpp"
#include "userspace/capture/kernel_facts.hpp"
#include "userspace/capture/ring_source.hpp"
#include "userspace/capture/target.hpp"

struct wakepath_bpf;
struct bpf_link;
struct bpf_program;

namespace wp::capture {

/// One row of the hook table and what came of it here.
struct HookState {
  std::uint32_t hook = 0;
  std::string name;
  std::string tracepoint;  ///< where it sits: a tracepoint, an iterator, or the function that stands in, "kprobe/NAME"
  std::string stage, cost;
  bool attached = false;
  std::string reason;                       ///< why it is not attached
  std::uint32_t verifier_instructions = 0;  ///< that the verifier went through, 0: not loaded, or not told
  std::string missing_tracepoint = {};      ///< the one this kernel lacks, where a function stands in for it
  bool counts = false;                      ///< with `stat`: its program adds up and makes no record
};

struct ProbeOptions {
  Target target;
  std::size_t ring_bytes = 0;        ///< per CPU, a power of two of pages
  std::vector<std::string> without;  ///< hooks to leave out, by program name; "fentry": no program of that kind
  wp_detail_level detail = WP_DETAIL_path;
  bool stat = false;                 ///< histograms in the kernel instead of records: `wakepath stat`
  bool empty = false;                ///< programs that do nothing: to measure what being hooked costs by itself
  wp_canary canary = WP_CANARY_OFF;  ///< records are sealed, for tests
  std::uint32_t target_room = 0;     ///< processes that can be targets at once, for tests; 0: as many as usual
};

class Probes {
 public:
  /// Open, configure and load. Nothing runs yet.
  static Result<std::unique_ptr<Probes>> load(const ProbeOptions& options, const KernelFacts& facts);
  ~Probes();
  Probes(const Probes&) = delete;
  Probes& operator=(const Probes&) = delete;

  /// Attach every program. A hook that refuses is noted; without sk_data_ready it is an error.
  Result<void> attach();
  /// Called again and again while the kernel walks tasks or sockets, each time after some hundred records at most: to
  /// empty the rings.
  using Step = std::function<Result<void>()>;
  /// Find the targets' existing threads and sockets. May be called again for processes found later.
  Result<void> find_existing(const std::vector<pid_t>& pids, const Step& step);
  /// Whose books to write. Where there are few tasks, all of them either way.
  enum class Books {
    kChanged,
    kAll
  };
  /// Have the books of watched tasks written (a usage record each). Walks all tasks of the machine: not often.
  Result<void> write_usage(Books whose, const Step& step);
  /// How many processes are targets so far.
  [[nodiscard]] std::size_t target_count() const;
  /// Act on what the programs asked for: late attachments, another search. Cheap when there is nothing.
  Result<void> serve_signals(const Step& step);
  /// Another level of detail from now on, not above the one loaded for. What is in the middle of a call, or on its way
  /// to a socket, may be recorded by halves: the caller writes down from when until when this ran.
  void set_detail(wp_detail_level detail);
  /// Record one request of `n`; 1: all.
  void set_sample(std::uint32_t n);
  /// Stop all programs, and wait for those that run at this moment; the rings keep what is in them.
  void detach();

  [[nodiscard]] unsigned cpus() const { return static_cast<unsigned>(rings_.size()); }
  std::vector<Ring>& rings() { return rings_; }
  [[nodiscard]] std::size_t ring_bytes() const { return rings_.front().bytes(); }
  /// Counters of one CPU, live.
  [[nodiscard]] const wp_cpu_counters& counters(unsigned cpu) const;
  /// Firings of a hook that the kernel left out on all CPUs, because its program was running there already.
  [[nodiscard]] std::uint64_t missed(std::uint32_t hook) const;
  [[nodiscard]] const std::vector<HookState>& hooks() const { return hooks_; }
  /// Time the kernel has counted for a hook's program and in how many runs, ns; {0, 0}: it does not count.
  struct RunTime {
    std::uint64_t ns = 0, runs = 0;
  };
  [[nodiscard]] RunTime run_time(std::uint32_t hook) const;
  /// A descriptor, the caller's: while it is open the kernel counts that time, for two clock reads a run. Negative:
  /// refused.
  static int count_run_time();
  /// The map of histograms, with ProbeOptions::stat.
  [[nodiscard]] int stats_fd() const;
  /// Tasks and sockets without room for state, and firings that the kernel left out.
  [[nodiscard]] std::uint64_t lost_by_stat() const;

 private:
  Probes() = default;
  Result<void> open(const ProbeOptions& options, const KernelFacts& facts);
  void configure(const ProbeOptions& options, const KernelFacts& facts);
  void choose_hooks(const ProbeOptions& options, const KernelFacts& facts);
  /// A function stands in for the tracepoint where it can; else the hook gets its reason.
  void replace(HookState& hook, const ProbeOptions& options, const KernelFacts& facts);
  Result<void> size_maps(const ProbeOptions& options);
  void note_verifier_work();
  Result<void> make_rings(std::size_t bytes, bool are_sealed);
  void warm_rings();
  Result<void> map_counters();
  bool attach_one(HookState& hook);
  Result<void> run_iterator(const char* program, const Step& step);
  void visit_every_cpu() const;
  void drop_card_hooks_if_unneeded();
  void detach_one(HookState& hook, const char* why);
  void tell_of(const HookState& hook, wp_u32 is_attached) const;
  [[nodiscard]] bool needs_softirq_exit() const;
  /// Returns when every program that ran when it was called has ended.
  static void settle();
  bpf_program* program(const std::string& name) const;

  wakepath_bpf* skeleton_ = nullptr;
  std::array<bpf_link*, WP_HOOK_count> links_{};
  wp_detail_level detail_ = WP_DETAIL_path;
  bool has_tcp_clock_ = false;  // else only tcp_probe tells when TCP takes up a segment
  std::vector<int> ring_fds_;
  std::vector<Ring> rings_;
  std::vector<HookState> hooks_;
  std::vector<int> program_fds_;  // by hook; negative: not loaded
  void* counters_ = nullptr;
  std::size_t counters_stride_ = 0, counters_bytes_ = 0;
  std::array<bpf_link*, WP_HOOK_count> companions_{};  // of programs that stand in and need a second one
};

}  // namespace wp::capture
