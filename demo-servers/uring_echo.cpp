// SPDX-License-Identifier: GPL-2.0-or-later
// An echo server on io_uring: it asks the kernel to accept, receive and send, and waits for completions; it never calls
// read() or write() itself.
//
//   --mode HOW   who does the work when data arrives
//     default    the kernel interrupts our task where it is (task work), which receives before it returns
//     defer      the work waits until our task asks for completions (IORING_SETUP_DEFER_TASKRUN)
//     sqpoll     a kernel thread of ours, iou-sqp-PID, submits and receives (IORING_SETUP_SQPOLL)
//
// Expected path: a receive that finds nothing leaves an `io_poll_wake` entry on the socket's wait queue. The delivery
// wakes our task, which receives inside io_uring_enter() before that returns; with sqpoll it wakes the kernel thread,
// which receives and then wakes us: the reader of the path is that thread, and our wake is a second one.
#include <liburing.h>

#include <cstring>
#include <filesystem>

#include "demo-servers/common/echo.hpp"

namespace {

using namespace wp::demo;

enum Operation : std::uint64_t {
  kAccept,
  kReceive,
  kSend
};

unsigned setup_flags(const std::string& mode) {
  if (mode == "default") return 0;
  if (mode == "defer") return IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
  if (mode != "sqpoll") give_up("--mode takes default, defer or sqpoll");
  return IORING_SETUP_SQPOLL;
}

/// The thread that receives: the kernel's where it has made one for the ring, which is then our only other, else ours.
std::uint32_t thread_that_receives() {
  const auto own = static_cast<std::uint32_t>(gettid());
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    const auto tid = static_cast<std::uint32_t>(std::stoul(task.path().filename().string()));
    if (tid != own) return tid;
  }
  return own;
}

struct Connection {
  std::unique_ptr<Session> session;
  std::array<char, 4096> room;
  std::uint64_t asked_ns = 0;  ///< when the receive was handed to the kernel
};

class Server {
 public:
  Server(const Options& options, ReadLog& log, unsigned flags) : options_(options), log_(log) {
    io_uring_params parameters{};
    parameters.flags = flags;
    parameters.sq_thread_idle = 1;  // ms until the kernel's thread goes to sleep
    const int error = io_uring_queue_init_params(kEntries, &ring_, &parameters);
    if (error < 0) give_up(std::string("io_uring_queue_init_params: ") + std::strerror(-error));
    receiver_ = thread_that_receives();
    listener_ = listen_on(options, 0);
    ask_accept();
  }

  void serve_one_round() {
    io_uring_submit_and_wait(&ring_, 1);
    std::array<io_uring_cqe*, 64> done;
    const unsigned n = io_uring_peek_batch_cqe(&ring_, done.data(), done.size());
    for (unsigned i = 0; i < n; ++i)
      handle(done[i]->user_data & 3U, static_cast<int>(done[i]->user_data >> 2U), done[i]->res);
    io_uring_cq_advance(&ring_, n);
  }

 private:
  static constexpr unsigned kEntries = 4096;

  void handle(std::uint64_t operation, int fd, int result) {
    if (operation == kAccept) {
      if (result >= 0) add(result);
      return ask_accept();
    }
    Connection& connection = *connections_[static_cast<std::size_t>(fd)];
    if (result <= 0) return connections_[static_cast<std::size_t>(fd)].reset();  // closes it
    const auto bytes = static_cast<std::size_t>(result);
    if (operation == kReceive) {
      connection.session->note_read(log_, connection.room.data(), bytes, connection.asked_ns, now_ns(), receiver_);
    } else {
      connection.session->note_sent(bytes);
    }
    if (connection.session->has_to_send()) return ask_send(connection);
    ask_receive(connection);
  }

  void add(int fd) {
    Address peer{};
    socklen_t size = sizeof peer;
    if (getpeername(fd, &peer.any, &size) != 0) {
      close(fd);
      return;
    }
    const auto slot = static_cast<std::size_t>(fd);
    if (slot >= connections_.size()) connections_.resize(slot + 1);
    connections_[slot] = std::make_unique<Connection>();
    connections_[slot]->session = make_session(fd, peer, options_);
    ask_receive(*connections_[slot]);
  }

  io_uring_sqe* free_entry() {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    while (entry == nullptr) {  // full: hand over what there is
      io_uring_submit(&ring_);
      entry = io_uring_get_sqe(&ring_);
    }
    return entry;
  }
  /// After the entry was prepared, which clears it.
  static void mark(io_uring_sqe* entry, Operation operation, int fd) {
    entry->user_data = static_cast<std::uint64_t>(fd) << 2U | operation;
  }

  void ask_accept() {
    io_uring_sqe* entry = free_entry();
    io_uring_prep_accept(entry, listener_, nullptr, nullptr, SOCK_CLOEXEC);
    mark(entry, kAccept, 0);
  }
  void ask_receive(Connection& connection) {
    const int fd = connection.session->fd();
    connection.asked_ns = now_ns();
    io_uring_sqe* entry = free_entry();
    io_uring_prep_recv(entry, fd, connection.room.data(), connection.room.size(), 0);
    mark(entry, kReceive, fd);
  }
  void ask_send(Connection& connection) {
    const int fd = connection.session->fd();
    io_uring_sqe* entry = free_entry();
    io_uring_prep_send(entry, fd, connection.session->unsent(), connection.session->to_send(), MSG_NOSIGNAL);
    mark(entry, kSend, fd);
  }

  const Options& options_;
  ReadLog& log_;
  io_uring ring_{};
  int listener_ = -1;
  std::uint32_t receiver_ = 0;
  std::vector<std::unique_ptr<Connection>> connections_;  ///< by descriptor
};

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments(argc, argv);
  const unsigned flags = setup_flags(arguments.text("--mode", "default"));
  const Options options = common_options(arguments);
  ReadLog log(options.truth, options.truth_records);
  end_on_signal(log, options.max_seconds);
  allow_many_descriptors();
  Server server(options, log, flags);
  for (;;) server.serve_one_round();
}
