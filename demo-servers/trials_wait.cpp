// SPDX-License-Identifier: GPL-2.0-or-later
// Waiting on descriptors: what select, poll and epoll promise, what they cost, and what is no part of them.
#include <linux/seccomp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

#include <thread>

#include "demo-servers/common/trials.hpp"

namespace {

using namespace wp::demo;

/// Of one readable, one writable and one exceptional descriptor, select says each in its own set, and returns three.
bool three_sets(Counts&) {
  const Connection readable, writable, urgent;
  send_whole(readable.client, "x", 1);
  send_whole(urgent.client, "u", 1, MSG_OOB);
  await_data(readable.server);
  await_data(urgent.server, POLLPRI);
  fd_set in, out, except;
  FD_ZERO(&in);
  FD_ZERO(&out);
  FD_ZERO(&except);
  FD_SET(readable.server, &in);
  FD_SET(writable.server, &out);
  FD_SET(urgent.server, &except);
  timeval patience{1, 0};
  const int n = select(urgent.server + 1, &in, &out, &except, &patience);
  return n == 3 && FD_ISSET(readable.server, &in) && FD_ISSET(writable.server, &out) &&
         FD_ISSET(urgent.server, &except);
}

/// select says readable, and there is a byte to read.
bool readable_has_data(Counts&) {
  const Connection c;
  send_whole(c.client, "x", 1);
  fd_set in;
  FD_ZERO(&in);
  FD_SET(c.server, &in);
  char got = 0;
  return select(c.server + 1, &in, nullptr, nullptr, nullptr) == 1 && recv(c.server, &got, 1, MSG_DONTWAIT) == 1;
}

/// select says readable, and there is no byte and there will be none: the peer has left.
bool readable_at_end(Counts&) {
  const Connection c;
  shutdown(c.client, SHUT_WR);
  fd_set in;
  FD_ZERO(&in);
  FD_SET(c.server, &in);
  char got = 0;
  return select(c.server + 1, &in, nullptr, nullptr, nullptr) == 1 && recv(c.server, &got, 1, MSG_DONTWAIT) == 0;
}

/// The macros, a thousand times, in a child that the kernel kills at its first system call but write and exit.
bool macros_make_no_call(Counts&) {
  const pid_t child = in_child([]() -> int {
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) _exit(2);
    volatile int seen = 0;
    for (int i = 0; i < 1000; ++i) {
      fd_set set;
      FD_ZERO(&set);
      FD_SET(i, &set);
      seen = seen + (FD_ISSET(i, &set) ? 1 : 0);
      FD_CLR(i, &set);
      seen = seen + (FD_ISSET(i, &set) ? 1 : 0);
    }
    syscall(SYS_exit, seen == 1000 ? 0 : 1);
    return 1;
  });
  return status_of_child(child) == 0;
}

/// The control of the one above: select itself is a call, and the child is killed for it.
bool select_is_a_call(Counts&) {
  const pid_t child = in_child([]() -> int {
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) _exit(2);
    timeval none{0, 0};
    select(0, nullptr, nullptr, nullptr, &none);
    syscall(SYS_exit, 0);
    return 1;
  });
  return WIFSIGNALED(status_of_child(child));
}

/// Ready, and in the set, but not below the first argument: it is not looked at.
bool range_is_the_first_argument(Counts&) {
  const Connection c;
  send_whole(c.client, "x", 1);
  await_data(c.server);
  const auto looked = [&](int range) {
    fd_set in;
    FD_ZERO(&in);
    FD_SET(c.server, &in);
    timeval none{0, 0};
    return select(range, &in, nullptr, nullptr, &none);
  };
  return looked(c.server) == 0 && looked(c.server + 1) == 1;
}

/// Nothing has changed since the last select, and it returns at once: the byte is still unread.
bool returns_without_a_change(Counts&) {
  const Connection c;
  send_whole(c.client, "x", 1);
  const auto look = [&] {
    fd_set in;
    FD_ZERO(&in);
    FD_SET(c.server, &in);
    timeval patience{0, 200'000};
    return select(c.server + 1, &in, nullptr, nullptr, &patience);
  };
  await_data(c.server);
  if (look() != 1) return false;
  const long before = sleeps_so_far();
  return look() == 1 && sleeps_so_far() == before;
}

/// Nothing is ready: it sleeps, and returns 0 when the timeout is over, not before.
bool timeout_ends_it(Counts&) {
  const Connection c;
  fd_set in;
  FD_ZERO(&in);
  FD_SET(c.server, &in);
  timeval patience{0, 3000};
  const long before = sleeps_so_far();
  const double from = clock_now_ns();
  const int n = select(c.server + 1, &in, nullptr, nullptr, &patience);
  return n == 0 && sleeps_so_far() > before && clock_now_ns() - from >= 3e6;
}

/// Descriptors of this process as the kernel has them: what each refers to, and its file's size and times.
std::string descriptors() {
  std::string all;
  for (int fd = 0; fd < 64; ++fd) {
    struct stat file {};
    if (fstat(fd, &file) != 0) continue;
    std::array<char, 256> name{};
    if (readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), name.data(), name.size() - 1) < 0) continue;
    all += std::to_string(fd) + name.data() + std::to_string(file.st_ino) + ' ' + std::to_string(file.st_size) + ' ' +
           std::to_string(file.st_mtim.tv_sec) + '.' + std::to_string(file.st_mtim.tv_nsec) + ' ' +
           std::to_string(file.st_nlink) + '\n';
  }
  return all;
}

/// A thread waits in `wait` on a socket; the table of descriptors and every file in it are read before, while it
/// waits, and after the data came and woke it, before anybody reads. A hit: all three are the same.
template <typename Wait>
bool table_unchanged(Wait wait) {
  const Connection c;
  const std::string before = descriptors();
  bool woke = false;
  std::thread waiter([&] { woke = wait(c.server) == 1; });
  usleep(3000);
  const std::string during = descriptors();
  send_whole(c.client, "x", 1);
  waiter.join();
  const std::string after = descriptors();
  return woke && !before.empty() && before == during && during == after;
}
bool table_unchanged_select(Counts&) {
  return table_unchanged([](int fd) {
    fd_set in;
    FD_ZERO(&in);
    FD_SET(fd, &in);
    timeval patience{1, 0};
    return select(fd + 1, &in, nullptr, nullptr, &patience);
  });
}
bool table_unchanged_poll(Counts&) {
  return table_unchanged([](int fd) {
    pollfd one{fd, POLLIN, 0};
    return poll(&one, 1, 1000);
  });
}

constexpr int kFewest = 16, kMost = 1000;

/// What 100 waits cost with so many sockets watched and one of them ready, in CPU time of this process.
template <typename Wait>
double cost_ns(Wait wait) {
  constexpr int kWaits = 100;
  wait();
  const double from = cpu_now_ns();
  for (int i = 0; i < kWaits; ++i)
    if (wait() != 1) give_up("a wait did not find the one that is ready");
  return (cpu_now_ns() - from) / kWaits;
}

void costs_at(std::span<const int> fds, Counts& counts) {
  const std::string size = "_" + std::to_string(fds.size());
  const int last = fds.back();
  const auto by_select = [&] {
    fd_set in;
    FD_ZERO(&in);
    for (const int fd : fds) FD_SET(fd, &in);
    return select(last + 1, &in, nullptr, nullptr, nullptr);
  };
  std::vector<pollfd> polled;
  for (const int fd : fds) polled.push_back({fd, POLLIN, 0});
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  for (const int fd : fds) {
    epoll_event event{};
    event.events = EPOLLIN;
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  }
  epoll_event event{};
  counts["ns_select" + size] = cost_ns(by_select);
  counts["ns_poll" + size] = cost_ns([&] { return poll(polled.data(), polled.size(), -1); });
  counts["ns_epoll" + size] = cost_ns([&] { return epoll_wait(epoll, &event, 1, -1); });
  close(epoll);
}

/// The cost of a wait by the number of eventfds watched, of which the last is ready: ns_CALL_NUMBER.
bool cost_by_number(Counts& counts) {
  std::vector<int> fds;
  for (int i = 0; i < kMost; ++i) {
    fds.push_back(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (fds.back() < 0 || fds.back() >= FD_SETSIZE) give_up("not enough descriptors below 1024");
  }
  for (int size = kFewest; size <= kMost; size = size == 256 ? kMost : size * 4) {
    const auto watched = std::span(fds).first(static_cast<std::size_t>(size));
    const std::uint64_t one = 1;
    std::uint64_t taken = 0;
    if (write(watched.back(), &one, sizeof one) != sizeof one) give_up_on_errno("write");
    costs_at(watched, counts);
    if (read(watched.back(), &taken, sizeof taken) != sizeof taken) give_up_on_errno("read");
  }
  for (const int fd : fds) close(fd);
  return true;
}

constexpr Trial kTrials[] = {
    {"three-sets", three_sets},
    {"readable-has-data", readable_has_data},
    {"readable-at-end", readable_at_end},
    {"macros-make-no-call", macros_make_no_call},
    {"select-is-a-call", select_is_a_call},
    {"range-is-the-first-argument", range_is_the_first_argument},
    {"returns-without-a-change", returns_without_a_change},
    {"timeout-ends-it", timeout_ends_it},
    {"table-unchanged-select", table_unchanged_select},
    {"table-unchanged-poll", table_unchanged_poll},
    {"cost-by-number", cost_by_number},
};

}  // namespace

int main(int argc, char** argv) { return run_trials(kTrials, argc, argv); }
