// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/cli/demo_memory.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

namespace wp::cli {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::uint64_t kConnections = 16;
constexpr auto kSettle = 60ms;                         // to accept them, and to make what the server makes for each
constexpr std::int64_t kKernelStackBytes = 16 * 1024;  // THREAD_SIZE of x86-64 and arm64

struct Footprint {
  std::int64_t bytes = 0, tasks = 0;
};

/// The value of `name:` in a file of /proc, in bytes; 0: not there.
std::int64_t kilobytes(const fs::path& file, const std::string& name) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(name)) return std::strtoll(line.c_str() + name.size(), nullptr, 10) * 1024;
  }
  return 0;
}

void add_process(pid_t pid, Footprint& all) {
  const fs::path process = fs::path("/proc") / std::to_string(pid);
  all.bytes += kilobytes(process / "smaps_rollup", "Pss:") + kilobytes(process / "status", "VmPTE:");
  std::error_code gone;
  std::vector<pid_t> children;
  for (const auto& thread : fs::directory_iterator(process / "task", gone)) {
    ++all.tasks;
    all.bytes += kKernelStackBytes;
    std::ifstream in(thread.path() / "children");
    for (pid_t child = 0; in >> child;) children.push_back(child);
  }
  for (const pid_t child : children) add_process(child, all);
}

}  // namespace

UniqueFd connect_to(const std::string& where) {
  const std::size_t colon = where.rfind(':');
  const auto port = htons(static_cast<std::uint16_t>(std::strtoul(where.c_str() + colon + 1, nullptr, 10)));
  const bool v6 = where.front() == '[';
  UniqueFd fd(socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_addr = in6addr_loopback;
  six.sin6_port = port;
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  four.sin_port = port;
  const auto* address = v6 ? reinterpret_cast<const sockaddr*>(&six) : reinterpret_cast<const sockaddr*>(&four);
  if (!fd || connect(fd.get(), address, v6 ? sizeof six : sizeof four) != 0) return UniqueFd();
  return fd;
}

std::optional<MemoryUse> measure_memory(pid_t server, const std::string& where) {
  // The first connection may cost what all of them share.
  std::vector<UniqueFd> open;
  Footprint before, with;
  for (std::uint64_t i = 0; i <= kConnections; ++i) {
    open.push_back(connect_to(where));
    if (!open.back()) return std::nullopt;
    if (i > 0) continue;
    std::this_thread::sleep_for(kSettle);
    add_process(server, before);
  }
  std::this_thread::sleep_for(kSettle);
  add_process(server, with);
  open.clear();
  std::this_thread::sleep_for(kSettle);
  return MemoryUse{kConnections, with.bytes - before.bytes, with.tasks - before.tasks};
}

}  // namespace wp::cli
