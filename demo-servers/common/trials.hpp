// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// The frame of a program that tries small mechanisms of the kernel again and again, and counts how often each was so:
// `PROGRAM NAME COUNT` prints {"trials":N,"hits":H}, and whatever else was counted. What a hit is, stands at each
// trial; it is what was seen, never what should be.
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <functional>
#include <map>
#include <span>

#include "demo-servers/common/mechanism.hpp"

namespace wp::demo {

constexpr unsigned kTrialSeconds = 60;

using Counts = std::map<std::string, double>;  ///< besides hits

struct Trial {
  std::string_view name;
  bool (*once)(Counts&);  ///< true: a hit
};

inline double cpu_now_ns() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

inline double clock_now_ns() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

/// How often this thread slept of its own accord.
inline long sleeps_so_far() {
  rusage use{};
  getrusage(RUSAGE_THREAD, &use);
  return use.ru_nvcsw;
}

/// Two ends of a TCP connection over the loopback.
struct Connection {
  int client = -1, server = -1;

  Connection() {
    const int listener = loopback_listener();
    client = connect_to(listener);
    server = accept_at(listener);
    close(listener);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    if (client >= 0) close(client);
    if (server >= 0) close(server);
  }
};

/// Until `fd` has something to read, a second at most. False: it has not.
inline bool await_data(int fd, short events = POLLIN) {
  pollfd one{fd, events, 0};
  return poll(&one, 1, 1000) == 1;
}

/// Runs `child` in a process of its own, which ends with what it returns. Its number.
template <typename F>
pid_t in_child(F child) {
  const pid_t pid = fork_child();
  if (pid == 0) _exit(child());
  return pid;
}

/// The status that a child ended with, as wait(2) has it.
inline int status_of_child(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) give_up_on_errno("waitpid");
  return status;
}

inline int run_trials(std::span<const Trial> trials, int argc, char** argv) {
  if (argc != 3) {
    std::string names;
    for (const Trial& trial : trials) names += " " + std::string(trial.name);
    give_up("usage: NAME COUNT; the names are" + names);
  }
  const unsigned long count = std::strtoul(argv[2], nullptr, 10);
  if (count == 0 || count > 100'000) give_up("COUNT is 1 to 100000");
  for (const Trial& trial : trials) {
    if (trial.name != argv[1]) continue;
    alarm(kTrialSeconds);
    Counts counts{{"trials", static_cast<double>(count)}, {"hits", 0}};
    for (unsigned long i = 0; i < count; ++i) counts["hits"] += trial.once(counts) ? 1 : 0;
    std::string line;
    for (const auto& [name, number] : counts) {
      std::array<char, 64> text{};
      std::snprintf(text.data(), text.size(), "%.15g", number);
      line += (line.empty() ? "{\"" : ",\"") + name + "\":" + text.data();
    }
    std::printf("%s}\n", line.c_str());
    return 0;
  }
  give_up(std::string("there is no trial ") + argv[1]);
}

}  // namespace wp::demo
