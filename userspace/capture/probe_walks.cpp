// SPDX-License-Identifier: GPL-2.0-or-later
// Walks over what exists: tasks and sockets at the start, and the books of tasks.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "userspace/capture/probes.hpp"
#include "wakepath.skel.h"

namespace wp::capture {

namespace {

// Marks of an iterator that a read takes: they stand for some 32 KiB of records.
constexpr std::size_t kMarksEachRead = 256;

// Up to here the books of all watched tasks are written each time; of more, only of those that have run.
constexpr std::uint32_t kBooksOfAll = 256;

}  // namespace

Result<void> Probes::run_iterator(const char* name, const Step& step) {
  bpf_link* link = bpf_program__attach_iter(program(name), nullptr);
  if (!link) return Error{ExitCode::kError, std::string(name) + ": " + std::strerror(errno)};
  const int fd = bpf_iter_create(bpf_link__fd(link));
  std::array<char, kMarksEachRead> marks{};
  ssize_t n = fd;
  Result<void> stepped;
  while (fd >= 0 && stepped) {
    n = ::read(fd, marks.data(), marks.size());
    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) break;
    stepped = step();
  }
  const int error = errno;
  if (fd >= 0) ::close(fd);
  bpf_link__destroy(link);
  if (!stepped || n >= 0) return stepped;
  return Error{ExitCode::kError, std::string(name) + ": " + std::strerror(error)};
}

// A CPU learns at a switch whether its task is watched. Running on each CPU once forces one everywhere,
// so that even a task which never sleeps is seen from here on.
void Probes::visit_every_cpu() const {
  cpu_set_t before;
  if (sched_getaffinity(0, sizeof(before), &before) != 0) return;
  for (unsigned cpu = 0; cpu < cpus(); ++cpu) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    if (sched_setaffinity(0, sizeof(one), &one) == 0) sched_yield();
  }
  sched_setaffinity(0, sizeof(before), &before);
}

Result<void> Probes::find_existing(const std::vector<pid_t>& pids, const Step& step) {
  for (const pid_t pid : pids) {
    const auto key = static_cast<__u32>(pid);
    const __u32 why = WP_WHY_start;
    if (bpf_map__update_elem(skeleton_->maps.targets, &key, sizeof(key), &why, sizeof(why), BPF_ANY))
      return Error{ExitCode::kError, "more processes to watch than fit (65536)"};
  }
  // Sockets first: with --port they tell whose tasks to look for. Tasks twice: children of children.
  for (const char* name : {"start__sockets", "start__tasks", "start__tasks", "start__sockets"})
    if (auto ran = run_iterator(name, step); !ran) return ran;
  visit_every_cpu();
  return {};
}

Result<void> Probes::write_usage(Books whose, const Step& step) {
  if (!hooks_[WP_HOOK_usage__tasks].attached) return {};
  visit_every_cpu();  // what a task did since it was switched to is settled when it is switched away
  wp_signals& signals = skeleton_->bss->signals;
  signals.books_changed_only = whose == Books::kChanged && signals.books_of > kBooksOfAll;
  signals.books_of = 0;
  return run_iterator("usage__tasks", step);
}

std::size_t Probes::target_count() const {
  std::size_t n = 0;
  __u32 key = 0, next = 0;
  const int fd = bpf_map__fd(skeleton_->maps.targets);
  for (int error = bpf_map_get_next_key(fd, nullptr, &next); !error; error = bpf_map_get_next_key(fd, &key, &next)) {
    key = next;
    ++n;
  }
  return n;
}

}  // namespace wp::capture
