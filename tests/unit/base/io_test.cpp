// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/base/io.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/temp_dir.hpp"
#include "userspace/base/unique_fd.hpp"

namespace {

using wp::test::TempDir;

// Answers each write from a list, then takes everything.
class ScriptedIo : public wp::IoVfs {
 public:
  explicit ScriptedIo(std::vector<ssize_t> answers) : answers_(std::move(answers)) {}
  ssize_t write(int, std::span<const std::byte> bytes) override {
    ++calls;
    const ssize_t answer = answers_.empty() ? static_cast<ssize_t>(bytes.size()) : answers_.front();
    if (!answers_.empty()) answers_.erase(answers_.begin());
    for (ssize_t i = 0; i < answer; ++i) taken += static_cast<char>(bytes[static_cast<std::size_t>(i)]);
    return answer;
  }
  std::string taken;
  int calls = 0;

 private:
  std::vector<ssize_t> answers_;
};

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

TEST(WriteAllTest, InterruptionsAndShortWritesAreContinued) {
  ScriptedIo io({-EINTR, 2, -EINTR, 1});
  EXPECT_EQ(wp::write_all(io, 1, bytes_of("abcdef")), 0);
  EXPECT_EQ(io.taken, "abcdef");
  EXPECT_EQ(io.calls, 5);
}

TEST(WriteAllTest, AnErrorEndsIt) {
  ScriptedIo io({3, -ENOSPC});
  EXPECT_EQ(wp::write_all(io, 1, bytes_of("abcdef")), -ENOSPC);
  EXPECT_EQ(io.taken, "abc");
}

TEST(WriteAllTest, AWriteThatTakesNothingIsAnError) {
  ScriptedIo io({0});
  EXPECT_EQ(wp::write_all(io, 1, bytes_of("a")), -EIO);
}

TEST(IoVfsTest, TheRealSystemReportsErrnoAndWorks) {
  const TempDir dir;
  wp::IoVfs& io = wp::system_io();
  EXPECT_EQ(io.open(dir.file("missing/file").c_str(), O_WRONLY, 0), -ENOENT);
  EXPECT_EQ(io.write(-1, {}), -EBADF);

  const std::string path = dir.file("a");
  const int fd = io.open(path.c_str(), O_WRONLY | O_CREAT, 0600);
  ASSERT_GE(fd, 0);
  EXPECT_EQ(io.write(fd, bytes_of("abcd")), 4);
  EXPECT_EQ(io.ftruncate(fd, 2), 0);
  EXPECT_EQ(io.fsync(fd), 0);
  EXPECT_EQ(io.close(fd), 0);
  std::string content;
  std::ifstream(path) >> content;
  EXPECT_EQ(content, "ab");
  EXPECT_EQ(io.unlink(path.c_str()), 0);
  EXPECT_EQ(io.unlink(path.c_str()), -ENOENT);
}

TEST(UniqueFdTest, ClosesOnceAndMovesOwnership) {
  const int raw = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(raw, 0);
  {
    wp::UniqueFd first(raw);
    wp::UniqueFd second(std::move(first));
    EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): that it is empty is the claim
    EXPECT_EQ(second.get(), raw);
    EXPECT_EQ(::fcntl(raw, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  }
  EXPECT_EQ(::fcntl(raw, F_GETFD), -1);
}

}  // namespace
