// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/summary.hpp"

#include <algorithm>

#include "userspace/report/words.hpp"

namespace wp::report {

using model::Path;
using model::Seen;

void Report::on_path(const Path& path) {
  stages_.add(path);
  blame_.add(path);
  receive_.add(path);
  count_thread(path);
  count_wake(path.wake);
  ++mechanisms_[static_cast<std::size_t>(path.wake.mechanism)];
  const model::Socket& socket = path.socket;
  ++transports_[{socket.known, socket.family, socket.protocol, socket.type}];
  if (!path.arrival.device.empty()) {
    Device& device = devices_[path.arrival.device];
    if (device.paths++ == 0) device.kind = path.arrival.device_kind;
  }
  if (path.accept_queue_ns) accept_queue_.add(*path.accept_queue_ns);
  if (model::is_complete(path)) ++complete_;
  if (path.loss_nearby) ++near_loss_;
  const auto total = model::total_ns(path);
  if (total && (slowest_.id == 0 || *total > slowest_.total_ns)) slowest_ = {path.id, *total};
}

// The paths of one read follow each other, for one thread reads one after the other.
void Report::count_thread(const Path& path) {
  Thread& thread = threads_[path.task.id];
  const bool is_new_read = thread.paths == 0 || thread.last_read_id != path.read_id;
  thread.task = path.task;
  ++thread.paths;
  ++thread.mechanisms[static_cast<std::size_t>(path.wake.mechanism)];
  if (is_new_read) {
    ++reads_;
    ++thread.reads;
    thread.last_read_id = path.read_id;
    thread.last_read_woken = false;
  }
  if (path.wake.needed && !thread.last_read_woken) {
    ++thread.woken;
    thread.last_read_woken = true;
  }
}

void Report::count_wake(const model::Wake& wake) {
  if (wake.needed) {
    ++(wake.certainty == Seen::kInferred ? wakes_inferred_ : wakes_observed_);
  } else if (wake.certainty == Seen::kUnknown) {
    ++wakes_unknown_;
  } else {
    ++no_wake_[static_cast<std::size_t>(wake.why)];
  }
}

std::vector<Report::Thread> Report::threads() const {
  std::vector<Thread> threads;
  for (const auto& [id, thread] : threads_) threads.push_back(thread);
  std::stable_sort(threads.begin(), threads.end(), [](const Thread& a, const Thread& b) { return a.paths > b.paths; });
  return threads;
}

std::map<std::string, std::uint64_t> Report::transports() const {
  std::map<std::string, std::uint64_t> named;
  for (const auto& [transport, paths] : transports_) {
    model::Socket socket;
    std::tie(socket.known, socket.family, socket.protocol, socket.type) = transport;
    std::string name = protocol_name(socket);
    if (socket.known && std::string_view(family_name(socket)) == "inet6") name += " over IPv6";
    named[name] += paths;
  }
  return named;
}

const char* severity_name(model::Diagnostic::Severity severity) {
  switch (severity) {
    case model::Diagnostic::Severity::kInfo: return "info";
    case model::Diagnostic::Severity::kNotice: return "notice";
    case model::Diagnostic::Severity::kDataLoss: return "data_loss";
    case model::Diagnostic::Severity::kError: return "error";
  }
  return "error";
}

}  // namespace wp::report
