// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/cli/demo_memory.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
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
  // Anonymous memory alone: how many others map the same library changes the share of its pages, not what is used.
  all.bytes += kilobytes(process / "smaps_rollup", "Pss_Anon:") + kilobytes(process / "status", "VmPTE:");
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

UniqueFd connected(int family, const void* address, socklen_t size) {
  UniqueFd fd(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd || connect(fd.get(), static_cast<const sockaddr*>(address), size) != 0) return UniqueFd();
  return fd;
}

/// Abstract names: the servers use no others. A client is known by the number its own name ends in.
UniqueFd connect_to_unix(const std::string& name, std::uint64_t number) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto set = [&address](const std::string& text) {
    text.copy(address.sun_path + 1, sizeof address.sun_path - 1);
    return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
  };
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const socklen_t own = set("wakepath-memory-" + std::to_string(getpid()) + "-" + std::to_string(number));
  const auto* any = reinterpret_cast<const sockaddr*>(&address);
  if (!fd || bind(fd.get(), any, own) != 0) return UniqueFd();
  const socklen_t peer = set(name);
  if (connect(fd.get(), any, peer) != 0) return UniqueFd();
  return fd;
}

}  // namespace

UniqueFd connect_to(const std::string& where, std::uint64_t number) {
  constexpr std::string_view kUnix = "unix:";
  if (where.starts_with(kUnix)) return connect_to_unix(where.substr(kUnix.size()), number);
  const std::size_t colon = where.rfind(':');
  const auto port = htons(static_cast<std::uint16_t>(std::strtoul(where.c_str() + colon + 1, nullptr, 10)));
  if (where.front() == '[') {
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_addr = in6addr_loopback;
    six.sin6_port = port;
    return connected(AF_INET6, &six, sizeof six);
  }
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  four.sin_port = port;
  return connected(AF_INET, &four, sizeof four);
}

std::optional<MemoryUse> measure_memory(pid_t server, const std::string& where) {
  // The first connection may cost what all of them share.
  std::vector<UniqueFd> open;
  Footprint before, with;
  for (std::uint64_t i = 0; i <= kConnections; ++i) {
    open.push_back(connect_to(where, i + 1));
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
