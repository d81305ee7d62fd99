// SPDX-License-Identifier: GPL-2.0-or-later
// Servers that make attribution hard: usage server MODE PORT LOG CAPACITY. Each does with sockets, threads and
// processes what makes addresses, descriptors and process ids come again, and writes down every read. Says `ready`,
// ends on SIGTERM. Modes: exclusive shared reuseport pool dup fork exec pass.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/attribution/common.hpp"

namespace {

using namespace wp::attribution;
using Log = SharedLog<wp::truth::ServerRead>;

constexpr int kThreads = 4, kBacklog = 512;

// When this thread was made: not before what its maker's clock said, not after what its own said first.
struct Birth {
  std::uint64_t after_ns = 1, before_ns = now_ns();
};
thread_local Birth birth;

void begin_thread(std::uint64_t after_ns) { birth = {after_ns, now_ns()}; }

std::uint32_t own_tid() { return static_cast<std::uint32_t>(syscall(SYS_gettid)); }

int listen_on(int port, bool is_shared) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (is_shared) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(fd, kBacklog) != 0)
    give_up("listen");
  return fd;
}

int accept_one(int listener) {
  const int fd = accept4(listener, nullptr, nullptr, 0), on = 1;
  if (fd >= 0) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

// What one connection got so far; requests are whole, so that offsets are all there is to keep.
class Connection {
 public:
  explicit Connection(int fd) : fd_(fd), cookie_(cookie_of(fd)) {}

  /// Reads once, from any descriptor of the socket, and answers. False: the connection has ended, or had nothing.
  bool serve(const Log& log, int fd) {
    Request requests[16];
    const std::uint64_t before_ns = now_ns();
    const ssize_t got = recv(fd, requests, sizeof requests, MSG_DONTWAIT);
    const std::uint64_t after_ns = now_ns();
    if (got <= 0) return false;
    if (static_cast<std::size_t>(got) % sizeof(Request) != 0) give_up("half a request");
    log.add({before_ns, after_ns, cookie_, offset_, static_cast<std::uint32_t>(got), own_tid(), fd, 0, birth.after_ns,
             birth.before_ns});
    offset_ += static_cast<std::uint64_t>(got);
    for (std::size_t i = 0; i < static_cast<std::size_t>(got) / sizeof(Request); ++i) {
      const Answer answer{requests[i].id, cookie_};
      if (send(fd, &answer, sizeof answer, MSG_NOSIGNAL) != sizeof answer) return false;
    }
    return true;
  }
  bool serve(const Log& log) { return serve(log, fd_); }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
  std::uint64_t cookie_;
  std::uint64_t offset_ = 0;
};

void wait_readable(int fd) {
  pollfd wanted{fd, POLLIN, 0};
  while (poll(&wanted, 1, -1) < 0 && errno == EINTR) continue;
}

// Until it ends; where it may have a second descriptor every other read is through that.
void serve_to_the_end(const Log& log, int fd, int second = -1) {
  Connection connection(fd);
  for (bool turn = false;; turn = !turn) {
    const int mine = turn && second >= 0 ? second : fd;
    wait_readable(mine);
    if (!connection.serve(log, mine)) break;
  }
}

// Each thread has an epoll set of its own, with the listener in all of them: one is woken.
void epoll_thread(const Log& log, int listener, unsigned listener_flags) {
  const int set = epoll_create1(0);
  epoll_event event{EPOLLIN | listener_flags, {.ptr = nullptr}};
  epoll_ctl(set, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    epoll_event ready[16];
    const int n = epoll_wait(set, ready, 16, -1);
    for (int i = 0; i < n; ++i) {
      auto* connection = static_cast<Connection*>(ready[i].data.ptr);
      if (connection == nullptr) {
        const int fd = accept_one(listener);
        if (fd < 0) continue;
        epoll_event added{EPOLLIN, {.ptr = new Connection(fd)}};
        epoll_ctl(set, EPOLL_CTL_ADD, fd, &added);
      } else if (!connection->serve(log)) {
        close(connection->fd());
        delete connection;
      }
    }
  }
}

// One set for all threads: whoever is free gets the next, one shot at a time.
void shared_epoll_thread(const Log& log, int listener, int set) {
  for (;;) {
    epoll_event ready{};
    if (epoll_wait(set, &ready, 1, -1) != 1) continue;
    auto* connection = static_cast<Connection*>(ready.data.ptr);
    if (connection == nullptr) {
      const int fd = accept_one(listener);
      if (fd < 0) continue;
      epoll_event added{EPOLLIN | EPOLLONESHOT, {.ptr = new Connection(fd)}};
      epoll_ctl(set, EPOLL_CTL_ADD, fd, &added);
    } else if (connection->serve(log)) {
      epoll_event again{EPOLLIN | EPOLLONESHOT, {.ptr = connection}};
      epoll_ctl(set, EPOLL_CTL_MOD, connection->fd(), &again);
    } else {
      close(connection->fd());
      delete connection;
    }
  }
}

void start_threads(const std::function<void()>& body, int count) {
  for (int i = 0; i < count; ++i) {
    std::thread([body, after_ns = now_ns()] {
      begin_thread(after_ns);
      body();
    }).detach();
  }
}

void exclusive(const Log& log, int port) {
  const int listener = listen_on(port, false);
  start_threads([&log, listener] { epoll_thread(log, listener, EPOLLEXCLUSIVE); }, kThreads);
}

void reuseport(const Log& log, int port) {
  for (int i = 0; i < kThreads; ++i) {
    const int listener = listen_on(port, true);
    start_threads([&log, listener] { epoll_thread(log, listener, 0); }, 1);
  }
}

void shared(const Log& log, int port) {
  const int listener = listen_on(port, false), set = epoll_create1(0);
  epoll_event event{EPOLLIN, {.ptr = nullptr}};
  epoll_ctl(set, EPOLL_CTL_ADD, listener, &event);
  start_threads([&log, listener, set] { shared_epoll_thread(log, listener, set); }, kThreads);
}

// The thread that accepts and waits for the first byte is never the one that reads.
class Pool {
 public:
  explicit Pool(const Log& log) {
    start_threads([this, &log] { work(log); }, kThreads);
  }
  void hand_over(int fd) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(fd);
    some_.notify_one();
  }

 private:
  void work(const Log& log) {
    for (;;) {
      std::unique_lock lock(mutex_);
      some_.wait(lock, [this] { return !waiting_.empty(); });
      const int fd = waiting_.front();
      waiting_.pop_front();
      lock.unlock();
      serve_to_the_end(log, fd);
      close(fd);
    }
  }
  std::mutex mutex_;
  std::condition_variable some_;
  std::deque<int> waiting_;
};

// Accepts one connection after the other and does with it what `take` does.
void accept_each(int port, const std::function<void(int)>& take) {
  const int listener = listen_on(port, false);
  std::puts("ready");
  std::fflush(stdout);
  for (;;) {
    wait_readable(listener);
    if (const int fd = accept_one(listener); fd >= 0) take(fd);
  }
}

// The next child shall have the number of the last: process ids come again at once where the kernel lets us choose.
class SamePid {
 public:
  SamePid()
      : file_(open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC)), wanted_(std::to_string(getpid() + 99)) {}
  void choose() const {
    [[maybe_unused]] const ssize_t n = file_ < 0 ? 0 : pwrite(file_, wanted_.data(), wanted_.size(), 0);
  }

 private:
  int file_;
  std::string wanted_;
};

// A child for each connection, executed anew or not. It lives for less than a millisecond.
void by_children(const Log& log, int port, bool is_executed, char** argv) {
  const SamePid same;
  accept_each(port, [&](int fd) {
    same.choose();
    const std::uint64_t after_ns = now_ns();
    const pid_t child = fork();
    if (child == 0) {
      begin_thread(after_ns);
      if (is_executed) {
        const std::string words[] = {std::to_string(log.fd()), std::to_string(fd), std::to_string(birth.after_ns),
                                     std::to_string(birth.before_ns)};
        execl("/proc/self/exe", argv[0], "serve", words[0].c_str(), words[1].c_str(), words[2].c_str(),
              words[3].c_str(), nullptr);
        _exit(127);
      }
      serve_to_the_end(log, fd);
      _exit(0);
    }
    close(fd);
    waitpid(child, nullptr, 0);
  });
}

void send_descriptor(int channel, int fd) {
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof fd)] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = sizeof room;
  cmsghdr* head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(head), &fd, sizeof fd);
  if (sendmsg(channel, &message, 0) != 1) give_up("pass a descriptor");
}

int receive_descriptor(int channel) {
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = sizeof room;
  if (recvmsg(channel, &message, 0) != 1) _exit(0);
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
  return fd;
}

// Another process reads, from a descriptor it was passed.
void pass(const Log& log, int port) {
  std::vector<int> channels;
  for (int i = 0; i < kThreads; ++i) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) != 0) give_up("socketpair");
    const std::uint64_t after_ns = now_ns();
    if (fork() == 0) {
      begin_thread(after_ns);
      close(pair[0]);
      for (;;) {
        const int fd = receive_descriptor(pair[1]);
        serve_to_the_end(log, fd);
        close(fd);
      }
    }
    close(pair[1]);
    channels.push_back(pair[0]);
  }
  std::size_t next = 0;
  accept_each(port, [&](int fd) {
    send_descriptor(channels[next++ % channels.size()], fd);
    close(fd);
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 6 && std::string(argv[1]) == "serve") {
    birth = {std::strtoull(argv[4], nullptr, 10), std::strtoull(argv[5], nullptr, 10)};
    serve_to_the_end(Log(std::atoi(argv[2])), std::atoi(argv[3]));
    return 0;
  }
  if (argc != 5) return 2;
  const std::string mode = argv[1];
  const int port = std::atoi(argv[2]);
  const Log log = Log::create(argv[3], std::strtoull(argv[4], nullptr, 10));

  // Blocked in every thread: only the last line of main sees it, or its default action in a child.
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  std::map<std::string, std::function<void()>> loops = {{"fork", [&] { by_children(log, port, false, argv); }},
                                                        {"exec", [&] { by_children(log, port, true, argv); }},
                                                        {"pass", [&] { pass(log, port); }},
                                                        {"dup",
                                                         [&] {
                                                           accept_each(port, [&](int fd) {
                                                             const int second = dup(fd);
                                                             serve_to_the_end(log, fd, second);
                                                             close(second);
                                                             close(fd);
                                                           });
                                                         }},
                                                        {"pool", [&] {
                                                           Pool pool(log);
                                                           accept_each(port, [&](int fd) {
                                                             wait_readable(fd);
                                                             pool.hand_over(fd);
                                                           });
                                                         }}};
  if (const auto loop = loops.find(mode); loop != loops.end()) {
    loop->second();
    return 0;
  }
  sigprocmask(SIG_BLOCK, &end, nullptr);
  if (mode == "exclusive") exclusive(log, port);
  if (mode == "reuseport") reuseport(log, port);
  if (mode == "shared") shared(log, port);
  std::puts("ready");
  std::fflush(stdout);
  int number = 0;
  sigwait(&end, &number);
  _exit(0);
}
