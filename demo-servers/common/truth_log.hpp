// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// A log in memory that costs two clock readings and one store per entry, written to its file at the very end:
// a log that wrote files or took page faults on the way would be part of what is measured.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <string>

#include "demo-servers/common/arguments.hpp"
#include "userspace/truth/records.hpp"

namespace wp::demo {

/// Shared with the processes forked later, and between threads: all of them add, one writes the file.
template <typename Record>
class TruthLog {
 public:
  /// An empty path: nothing is kept. The file is opened at once, so that a bad path is told before the run.
  TruthLog(const std::string& path, std::uint64_t capacity) : capacity_(capacity) {
    if (path.empty()) return;
    file_ = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file_ < 0) give_up_on_errno(path.c_str());
    memory_ = mmap(nullptr, bytes(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory_ == MAP_FAILED) give_up_on_errno("memory for the log");
    taken_ = new (memory_) Taken;
    records_ = reinterpret_cast<Record*>(static_cast<char*>(memory_) + sizeof(Taken));
  }
  TruthLog(const TruthLog&) = delete;
  TruthLog& operator=(const TruthLog&) = delete;
  ~TruthLog() {
    if (file_ < 0) return;
    munmap(memory_, bytes());
    close(file_);
  }

  void add(const Record& record) {
    if (file_ < 0) return;
    const std::uint64_t place = taken_->count.fetch_add(1, std::memory_order_relaxed);
    if (place >= capacity_) return;  // write_file() says so
    records_[place] = record;
    // A signal handler that comes now and calls write_file() must find the record.
    std::atomic_signal_fence(std::memory_order_release);
  }

  /// Async-signal-safe. Whoever's entry should be in it must have finished add(). False: the file is not whole.
  [[nodiscard]] bool write_file() const {
    if (file_ < 0) return true;
    const std::uint64_t asked = taken_->count.load(std::memory_order_relaxed);
    const std::uint64_t kept = asked < capacity_ ? asked : capacity_;
    const truth::FileHeader header{Record::kMagic, sizeof(Record), 0, kept, asked - kept};
    return write_all(&header, sizeof header) && write_all(records_, kept * sizeof(Record));
  }

 private:
  struct alignas(64) Taken {
    std::atomic<std::uint64_t> count{0};
  };

  [[nodiscard]] std::size_t bytes() const { return sizeof(Taken) + capacity_ * sizeof(Record); }

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
  std::uint64_t capacity_;
  void* memory_ = nullptr;
  Taken* taken_ = nullptr;
  Record* records_ = nullptr;
};

}  // namespace wp::demo
