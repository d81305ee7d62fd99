// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/case_text.hpp"

#include <fmt/format.h>

#include <span>
#include <string_view>
#include <vector>

namespace wp::test {
namespace {

using model::Path;
using model::Reason;
using model::Seen;
using model::Stage;
using model::StagePoint;

std::int64_t since(std::uint64_t ns, std::uint64_t zero_ns) {
  return static_cast<std::int64_t>(ns) - static_cast<std::int64_t>(zero_ns);
}

bool is_usual(Stage stage, const StagePoint& point) {
  return stage == Stage::kHw && point.seen == Seen::kNotApplicable && point.why == Reason::kNoHardwareTimestamp;
}

std::string without_time(const StagePoint& point) {
  return fmt::format("{}({})", model::seen_name(point.seen), model::reason_name(point.why));
}

std::string stages_text(const Path& path, std::span<const Stage> stages, std::uint64_t zero_ns) {
  std::string out, open;  // open: how the stages named last, none with a time, end
  for (const Stage stage : stages) {
    const StagePoint& point = path.at(stage);
    if (is_usual(stage, point)) continue;
    const std::string missing = point.has_time() ? "" : without_time(point);
    if (!open.empty() && open != missing) out += ':' + open;
    out += !open.empty() && open == missing ? "," : " ";
    out += model::stage_name(stage);
    if (point.has_time()) out += fmt::format("={}@{}", since(point.ts_ns, zero_ns), point.cpu);
    if (point.seen == Seen::kInferred) out += fmt::format("~{}", model::reason_name(point.why));
    open = missing;
  }
  if (!open.empty()) out += ':' + open;
  return out;
}

class Clauses {
 public:
  explicit Clauses(std::string first) : text_(std::move(first)) {}

  template <typename... Args>
  void add(bool holds, fmt::format_string<Args...> format, Args&&... args) {
    if (holds) text_ += (text_.ends_with("blame") ? " " : ", ") + fmt::format(format, std::forward<Args>(args)...);
  }
  [[nodiscard]] std::string line() const { return text_ + '\n'; }

 private:
  std::string text_;
};

std::string kind_of_socket(const model::Socket& socket) {
  if (socket.family == 1) return socket.type == 1 ? "unix-stream" : "unix-datagram";
  const std::string version = socket.family == 10 ? "6" : "";
  if (socket.protocol == 6) return "tcp" + version;
  if (socket.protocol == 17) return "udp" + version;
  return "socket";
}

std::string head(const Path& path) {
  const std::string socket = path.socket.cookie != 0 ? fmt::format("{} {} [{},{})", kind_of_socket(path.socket),
                                                                   path.socket.cookie, path.begin, path.end)
                                                     : std::string("pipe");
  const auto total = model::total_ns(path);
  Clauses out(fmt::format("path {}: {}[{}] {} {} bytes; {}", path.id, path.task.comm.str(), path.task.id.tid, socket,
                          path.bytes, model::is_complete(path) ? "complete" : "incomplete"));
  out.add(total.has_value(), "total {}", total.value_or(0));
  out.add(path.loss_nearby, "loss nearby");
  out.add(path.peek, "peek");
  out.add(path.datagram, "datagram");
  out.add(path.fin, "fin");
  out.add(path.deliveries_of_read > 1, "{} parts of this read", path.deliveries_of_read);
  out.add(path.part_of_delivery > 0, "part {} of its delivery", path.part_of_delivery);
  out.add(path.accept_queue_ns.has_value(), "{} ns in the accept queue", path.accept_queue_ns.value_or(0));
  return out.line();
}

std::string arrived(const Path& path, std::span<const Stage> stages, std::uint64_t zero_ns) {
  const model::Arrival& a = path.arrival;
  Clauses out("  arrived" + stages_text(path, stages, zero_ns));
  if (path.delivery_id == 0) return out.line();
  out.add(!a.device.empty(), "{} {}", a.device.str(), a.device_kind.str());
  out.add(!a.driver_hook.empty(), "{}", a.driver_hook.str());
  out.add(!a.softirq_how.empty(), "{}", a.softirq_how.str());
  out.add(!a.irq_name.empty(), "irq {} {} over {}", a.irq, a.irq_name.str(), a.irq_over.str());
  out.add(a.frames > 1, "{} frames", a.frames);
  out.add(a.packet_index > 0, "packet {} of its softirq", a.packet_index);
  out.add(a.backlog, "backlog");
  out.add(a.forwarded, "forwarded");
  out.add(a.sender_tid != 0, "sender {}", a.sender_tid);
  out.add(true, "unread {}", a.unread);
  return out.line();
}

std::string woken(const Path& path, std::span<const Stage> stages, std::uint64_t zero_ns) {
  const model::Wake& wake = path.wake;
  Clauses out("  woken" + stages_text(path, stages, zero_ns));
  out.add(true, "{} {}", wake.needed ? "needed" : "not needed", model::seen_name(wake.certainty));
  out.add(wake.why != Reason::kNone, "{}", model::reason_name(wake.why));
  out.add(wake.woken.tid != 0, "woke {}", wake.woken.tid);
  out.add(wake.level != model::Level::kUnknown, "from {}", model::level_name(wake.level));
  out.add(wake.waker_tid != 0, "waker {}[{}]", wake.waker_comm.str(), wake.waker_tid);
  out.add(!wake.prev_comm.empty() && path.at(Stage::kRunning).has_time(), "after {}[{}]", wake.prev_comm.str(),
          wake.prev_tid);
  out.add(true, "by {}", model::mechanism_name(wake.mechanism));
  for (const model::WitnessEntry& e : path.witness) {
    out.add(true, "witness {} {} fd {} tid {}{}{}", e.func.str(), model::mechanism_name(e.mechanism), e.fd, e.task.tid,
            e.exclusive ? " exclusive" : "", e.waiting ? " waiting" : "");
  }
  out.add(path.witness_cut, "the walk was cut");
  return out.line();
}

std::string read(const Path& path, std::span<const Stage> stages, std::uint64_t zero_ns) {
  Clauses out("  read" + stages_text(path, stages, zero_ns));
  out.add(!path.wait_syscall.empty(), "{}={}", path.wait_syscall.str(), path.wait_ready);
  out.add(true, "{}({})={}", path.syscall.str(), path.fd, path.read_ret);
  out.add(path.reply_bytes != 0, "reply {}", path.reply_bytes);
  return out.line();
}

std::string blamed(const Path& path) {
  Clauses out("  blame");
  std::uint64_t sum = 0;
  for (const model::BlameShare& share : path.blame) {
    std::string who = share.culprit.socket.cookie ? fmt::format(" socket {}", share.culprit.socket.cookie) : "";
    if (share.culprit.task.tid != 0) who += fmt::format(" {}[{}]", share.culprit.comm.str(), share.culprit.task.tid);
    if (share.culprit.doing != model::Doing::kUnknown)
      who += fmt::format(" {}", model::doing_name(share.culprit.doing));
    if (!share.culprit.call.empty()) who += fmt::format(" in {}", share.culprit.call.str());
    out.add(true, "{}{}={}{}", model::cause_name(share.cause),
            share.why == Reason::kNone ? "" : fmt::format("({})", model::reason_name(share.why)), share.ns, who);
    sum += share.ns;
  }
  out.add(sum != model::total_ns(path).value_or(0), "WHICH DO NOT ADD UP TO THE TOTAL");
  return out.line();
}

std::string lineage(const model::Activity& a, std::uint64_t zero_ns) {
  std::string out;
  for (const model::Process& p : a.processes) {
    Clauses line(fmt::format("process {} of {}", p.pid, p.ppid));
    line.add(p.forked_ns != 0, "forked {}", since(p.forked_ns, zero_ns));
    line.add(p.ended_ns != 0, "ended {} status {}", since(p.ended_ns, zero_ns), p.code);
    line.add(p.reaped_ns != 0, "reaped {} by {}{}{}{}", since(p.reaped_ns, zero_ns), p.reaped_by,
             p.reaper_slept ? " asleep" : "", p.reaper_asked_only ? " asking" : "",
             p.parent_took_signal ? " after SIGCHLD" : "");
    line.add(p.is_left(), "not reaped");
    line.add(p.freed_at_once, "freed at once");
    out += line.line();
  }
  for (const auto& [name, use] : a.signals)
    out += fmt::format("{}: sent={} merged={} taken={} woke={}\n", name, use.sent, use.merged, use.taken, use.woke);
  if (a.shared.sockets)
    out += fmt::format("shared sockets={} holders={} closes_without_fin={} fins_with_the_last={} before={}\n",
                       a.shared.sockets, a.shared.most_holders, a.shared.closes_without_fin,
                       a.shared.fins_with_the_last, a.shared.fins_before_the_last);
  return out;
}

}  // namespace

std::string case_text(const Path& path, std::uint64_t zero_ns) {
  const auto order = model::stage_order(path);
  const std::span<const Stage> all(order);
  constexpr auto kWaking = static_cast<std::size_t>(Stage::kWaking), kRead = static_cast<std::size_t>(Stage::kRead);
  return head(path) + arrived(path, all.first(kWaking), zero_ns) +
         woken(path, all.subspan(kWaking, kRead - kWaking), zero_ns) + read(path, all.subspan(kRead), zero_ns) +
         blamed(path);
}

std::string case_text(const model::Summary& s, std::uint64_t zero_ns) {
  const std::vector<std::pair<std::string_view, std::uint64_t>> counts = {{"paths", s.paths},
                                                                          {"complete", s.complete},
                                                                          {"deliveries", s.deliveries},
                                                                          {"unread", s.deliveries_unread},
                                                                          {"reads", s.reads},
                                                                          {"empty_reads", s.empty_reads},
                                                                          {"eof_reads", s.eof_reads},
                                                                          {"wakes", s.wakes},
                                                                          {"wakes_by_delivery", s.wakes_by_delivery},
                                                                          {"waits", s.waits},
                                                                          {"empty_waits", s.empty_waits},
                                                                          {"slept_waits", s.slept_waits},
                                                                          {"accepts", s.accepts},
                                                                          {"sends", s.sends},
                                                                          {"drops", s.drops},
                                                                          {"lost", s.events_lost},
                                                                          {"clock_regressions", s.clock_regressions}};
  std::string out = "summary:";
  for (const auto& [name, count] : counts) {
    if (count != 0) out += fmt::format(" {}={}", name, count);
  }
  out += '\n';
  for (const auto& [reason, count] : s.drop_reasons) out += fmt::format("drop {}: {}\n", reason, count);
  for (const model::Gap& gap : s.gaps) {
    out += fmt::format("gap: {} records on CPU {} between {} and {}: {}\n", gap.count, gap.cpu,
                       since(gap.from_ns, zero_ns), since(gap.to_ns, zero_ns), gap.why);
  }
  for (const model::Diagnostic& d : s.diagnostics) out += fmt::format("diagnostic {}: {}\n", d.name, d.count);
  return out + lineage(s.activity, zero_ns);
}

}  // namespace wp::test
