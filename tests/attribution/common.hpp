// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What the server and the client of the attribution test share: the request on the wire, and a log that threads,
// children and executed programs write together.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "userspace/truth/records.hpp"

namespace wp::attribution {

/// A request carries an id of its own; the answer repeats it and says which socket the server read it from.
struct Request {
  std::uint64_t id;
};
struct Answer {
  std::uint64_t id;
  std::uint64_t cookie;
};

[[noreturn]] inline void give_up(const char* what) {
  std::perror(what);
  std::exit(1);
}

inline std::uint64_t now_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(t.tv_nsec);
}

/// Never given twice while the machine is up, unlike the socket's address, its ports and its descriptor.
inline std::uint64_t cookie_of(int fd) {
  std::uint64_t cookie = 0;
  socklen_t length = sizeof cookie;
  if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length) != 0) give_up("SO_COOKIE");
  return cookie;
}

/// The log's file is its memory, shared by everybody who has the descriptor.
template <typename Record>
class SharedLog {
 public:
  static SharedLog create(const char* path, std::uint64_t capacity) {
    const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);  // stays open across exec
    if (fd < 0) give_up(path);
    if (ftruncate(fd, static_cast<off_t>(sizeof(truth::FileHeader) + capacity * sizeof(Record))) != 0) give_up(path);
    SharedLog log(fd);
    *log.header_ = {Record::kMagic, sizeof(Record), 0, 0, 0};
    return log;
  }
  explicit SharedLog(int fd) : fd_(fd) {
    const off_t bytes = lseek(fd, 0, SEEK_END);
    void* memory = mmap(nullptr, static_cast<std::size_t>(bytes), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) give_up("map the log");
    header_ = static_cast<truth::FileHeader*>(memory);
    records_ = reinterpret_cast<Record*>(header_ + 1);
    capacity_ = (static_cast<std::size_t>(bytes) - sizeof(truth::FileHeader)) / sizeof(Record);
  }
  void add(const Record& record) const {
    const std::uint64_t at = std::atomic_ref(header_->records).fetch_add(1);
    if (at < capacity_) records_[at] = record;
  }
  /// At the very end, when nobody adds any more.
  void finish() const {
    if (header_->records > capacity_) {
      header_->dropped = header_->records - capacity_;
      header_->records = capacity_;
    }
    if (ftruncate(fd_, static_cast<off_t>(sizeof(truth::FileHeader) + header_->records * sizeof(Record))) != 0)
      give_up("end the log");
  }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
  truth::FileHeader* header_;
  Record* records_;
  std::size_t capacity_;
};

}  // namespace wp::attribution
