// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/capture/target.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace wp::capture {

namespace fs = std::filesystem;

namespace {

std::vector<pid_t> all_processes() {
  std::vector<pid_t> pids;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename();
    if (!name.empty() && name.find_first_not_of("0123456789") == std::string::npos) pids.push_back(std::stoi(name));
  }
  return pids;
}

std::string comm_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/comm");
  std::string line;
  std::getline(file, line);
  return line;
}

// A thread's id is not a process; /proc/TID exists for it all the same.
bool is_process(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);)
    if (line.rfind("Tgid:", 0) == 0) return std::stoi(line.substr(5)) == pid;
  return false;
}

Result<std::vector<pid_t>> processes_named(const std::string& comm) {
  std::vector<pid_t> pids;
  for (const pid_t pid : all_processes())
    if (comm_of(pid) == comm && pid != getpid()) pids.push_back(pid);
  return pids;
}

Result<std::vector<pid_t>> processes_in(const std::string& cgroup) {
  std::vector<pid_t> pids;
  std::error_code error;
  const auto read = [&](const fs::path& directory) {
    std::ifstream file(directory / "cgroup.procs");
    for (pid_t pid = 0; file >> pid;)
      if (pid != getpid()) pids.push_back(pid);
  };
  if (!fs::exists(fs::path(cgroup) / "cgroup.procs"))
    return Error{ExitCode::kError, "'" + cgroup +
                                       "' is not a cgroup (it has no cgroup.procs); pass a directory below "
                                       "/sys/fs/cgroup"};
  read(cgroup);
  for (const auto& entry : fs::recursive_directory_iterator(cgroup, error))
    if (entry.is_directory()) read(entry.path());
  return pids;
}

}  // namespace

std::string Target::describe() const {
  if (everything) return "everything";
  if (port) return "port " + std::to_string(port);
  if (!comm.empty()) return "comm " + comm;
  if (!cgroup.empty()) return "cgroup " + cgroup;
  std::string text;
  if (!command.empty()) {
    for (const auto& word : command) text += (text.empty() ? "command " : " ") + word;
    return text;
  }
  for (const pid_t pid : pids) text += (text.empty() ? "pid " : ",") + std::to_string(pid);
  return text;
}

Result<void> Target::check() const {
  const int ways = !pids.empty() + !comm.empty() + (port != 0) + !cgroup.empty() + everything + !command.empty();
  if (ways == 0)
    return Error{ExitCode::kUsage,
                 "nothing to watch: pass -p PID, -c COMM, --port N, --cgroup PATH, -a, or -- COMMAND"};
  if (ways > 1) return Error{ExitCode::kUsage, "pass only one of -p, -c, --port, --cgroup, -a and -- COMMAND"};
  if (comm.size() > 15)
    return Error{ExitCode::kUsage,
                 "-c: the kernel keeps 15 bytes of a name, '" + comm + "' is longer; pass its first 15"};
  return {};
}

Result<std::vector<pid_t>> resolve(const Target& target) {
  if (!target.comm.empty()) return processes_named(target.comm);
  if (!target.cgroup.empty()) return processes_in(target.cgroup);
  for (const pid_t pid : target.pids) {
    const std::string number = std::to_string(pid);
    if (!fs::exists("/proc/" + number))
      return Error{ExitCode::kError, "there is no process " + number + "; `pgrep -a NAME` lists the ones that run"};
    if (!is_process(pid))
      return Error{ExitCode::kError,
                   number + " is a thread, not a process; pass its process id (Tgid in /proc/" + number + "/status)"};
    if (pid == getpid()) return Error{ExitCode::kUsage, "-p: wakepath does not watch itself"};
  }
  return target.pids;
}

Result<std::uint64_t> cgroup_id(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return Error{ExitCode::kError, "cgroup '" + path + "': " + std::strerror(errno)};
  return static_cast<std::uint64_t>(info.st_ino);  // kernfs: the inode number is the node's id
}

}  // namespace wp::capture
