// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// A log in memory that costs two clock readings and one store per entry, written to its file at the very end:
// a log that wrote files or took page faults on the way would be part of what is measured.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <span>
#include <string>

#include "demo-servers/common/arguments.hpp"
#include "userspace/truth/records.hpp"

namespace wp::demo {

template <typename Record>
class TruthLog {
 public:
  /// An empty path: nothing is kept. The file is opened at once, so that a bad path is told before the run.
  TruthLog(const std::string& path, std::uint64_t capacity) {
    if (path.empty()) return;
    file_ = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file_ < 0) give_up_on_errno(path.c_str());
    void* memory = mmap(nullptr, capacity * sizeof(Record), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED) give_up_on_errno("memory for the log");
    records_ = {static_cast<Record*>(memory), capacity};
  }
  TruthLog(const TruthLog&) = delete;
  TruthLog& operator=(const TruthLog&) = delete;
  ~TruthLog() {
    if (file_ < 0) return;
    munmap(records_.data(), records_.size_bytes());
    close(file_);
  }

  void add(const Record& record) {
    if (file_ < 0) return;
    if (count_ == records_.size()) {
      ++dropped_;
      return;
    }
    records_[count_] = record;
    // A signal handler that comes now and calls write_file() must find the record before it is counted.
    std::atomic_signal_fence(std::memory_order_release);
    ++count_;
  }

  /// Async-signal-safe. False: the file is not whole.
  [[nodiscard]] bool write_file() const {
    if (file_ < 0) return true;
    const truth::FileHeader header{Record::kMagic, sizeof(Record), 0, count_, dropped_};
    return write_all(&header, sizeof header) && write_all(records_.data(), count_ * sizeof(Record));
  }

 private:
  [[nodiscard]] bool write_all(const void* bytes, std::size_t left) const {
    const auto* at = static_cast<const char*>(bytes);
    while (left > 0) {
      const ssize_t done = write(file_, at, left);
      if (done <= 0) return false;
      at += done;
      left -= static_cast<std::size_t>(done);
    }
    return true;
  }

  int file_ = -1;
  std::span<Record> records_;
  std::size_t count_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace wp::demo
