// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/activity.hpp"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstring>

#include "userspace/base/text.hpp"
#include "userspace/report/table_text.hpp"

namespace wp::report {
namespace {

using nlohmann::json;

constexpr std::size_t kMostProcesses = 20;

std::string heading(const Style& style, const std::string& text) {
  return '\n' + paint(style, Color::kBold, text) + '\n';
}

std::string how_reaped(const model::Process& process) {
  if (process.freed_at_once) return "no zombie: its parent ignores SIGCHLD";
  if (!process.reaped_ns) return "not reaped: a zombie, unless its parent had ended";
  std::string text = fmt::format("zombie for {}, reaped by {}", duration_text(process.reaped_ns - process.ended_ns),
                                 process.reaped_by);
  text += process.reaper_slept ? " that slept for it" : process.reaper_asked_only ? " that only asked" : "";
  if (process.parent_took_signal) text += ", after SIGCHLD";
  return text;
}

std::string process_line(const model::Process& process) {
  std::string text = fmt::format("  pid {} of {}  {}", process.pid, process.ppid, printable(process.comm));
  if (process.forked_ns && process.ended_ns) text += ", lived " + duration_text(process.ended_ns - process.forked_ns);
  if (!process.ended_ns) return text + ", alive\n";
  return text + fmt::format(", {}, {}\n", wait_status_text(process.code), how_reaped(process));
}

std::string processes(const model::Activity& a, const Style& style) {
  if (a.processes.empty()) return {};
  std::string text = heading(style, "processes");
  text += fmt::format("  {} made, {} not reaped; {} of wait, of which {} found nobody\n", grouped(a.processes_forked),
                      grouped(a.processes_left), counted(a.reap_calls, "call"), grouped(a.reap_calls_empty));
  for (std::size_t i = 0; i < std::min(a.processes.size(), kMostProcesses); ++i) text += process_line(a.processes[i]);
  if (a.processes.size() > kMostProcesses)
    text += fmt::format("  and {} more: see --json\n", a.processes.size() - kMostProcesses);
  const model::SharedSockets& shared = a.shared;
  if (shared.sockets > 0) {
    text += fmt::format(
        "  {} held by up to {} processes at a time: {} that closed one sent no FIN, {} went out with the last "
        "descriptor, {} before it\n",
        counted(shared.sockets, "socket"), shared.most_holders, grouped(shared.closes_without_fin),
        grouped(shared.fins_with_the_last), grouped(shared.fins_before_the_last));
  }
  return text;
}

std::string signals(const model::Activity& a, const Style& style) {
  if (a.signals.empty()) return {};
  std::string text = heading(style, "signals");
  for (const auto& [name, use] : a.signals) {
    text += fmt::format("  {:<10} {} sent, {} found one pending, {} taken, {} woke a sleeping task\n", name,
                        grouped(use.sent), grouped(use.merged), grouped(use.taken), grouped(use.woke));
  }
  return text;
}

std::string flag_list(const std::map<std::string, std::uint64_t>& flags) {
  std::string text;
  for (const auto& [name, n] : flags) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, grouped(n));
  return text;
}

std::string causes(const model::Activity& a, const Style& style) {
  const bool only_deliveries = a.wake_causes.size() == 1 && a.wake_causes.contains("delivery");
  if (a.wake_causes.empty() || only_deliveries) return {};
  std::string text = heading(style, "what woke sleeping tasks");
  for (const auto& [cause, n] : a.wake_causes)
    text += fmt::format("  {}  {}\n", pad_left(grouped(n), 11), printable(cause));
  if (a.woken_for_connection > a.connections_announced || a.woken_for_nothing > 0)
    text += fmt::format("  a herd: {} woke {} tasks, {} of them for nothing\n",
                        counted(a.connections_announced, "new connection"), grouped(a.woken_for_connection),
                        grouped(a.woken_for_nothing));
  return text;
}

std::string sending(const model::Activity& a, const Style& style) {
  if (a.sends.empty()) return {};
  std::string text = heading(style, "sends");
  for (const auto& [call, use] : a.sends) {
    text += fmt::format("  {:<10} {} calls, {} bytes, {} packets inside them", call, grouped(use.calls),
                        grouped(use.bytes), grouped(use.segments));
    if (use.parts > 0) text += fmt::format(", {} parts", grouped(use.parts));
    if (use.without_segment > 0) text += fmt::format("; {} put out none", grouped(use.without_segment));
    text += '\n';
  }
  if (!a.recv_flags.empty()) text += fmt::format("  receives with {}\n", flag_list(a.recv_flags));
  if (!a.send_flags.empty()) text += fmt::format("  sends with {}\n", flag_list(a.send_flags));
  return text;
}

json process_json(const model::Process& p) {
  json one{{"pid", p.pid}, {"ppid", p.ppid}, {"comm", valid_utf8(p.comm)}, {"zombie", p.is_left()}};
  if (p.freed_at_once) one["freed_at_once"] = true;
  if (p.forked_ns) one["forked_ns"] = p.forked_ns;
  if (p.ended_ns) {
    one["ended_ns"] = p.ended_ns;
    one["status"] = wait_status_text(p.code);
  }
  if (p.reaped_ns) {
    one["reaped_ns"] = p.reaped_ns;
    one["reaped_by"] = p.reaped_by;
    one["reaper_slept"] = p.reaper_slept;
    one["reaper_asked_only"] = p.reaper_asked_only;
    one["after_sigchld"] = p.parent_took_signal;
  }
  return one;
}

}  // namespace

std::string wait_status_text(std::int32_t code) {
  if (WIFEXITED(code)) return fmt::format("exit {}", WEXITSTATUS(code));
  const char* name = sigabbrev_np(WTERMSIG(code));
  std::string text = name ? std::string("killed by SIG") + name : fmt::format("killed by signal {}", WTERMSIG(code));
  if (WCOREDUMP(code)) text += ", core dumped";
  return text;
}

std::string activity_text(const model::Activity& activity, const Style& style) {
  return causes(activity, style) + processes(activity, style) + signals(activity, style) + sending(activity, style);
}

json activity_json(const model::Activity& a) {
  json waits = json::object(), sends = json::object(), by_signal = json::object(), lived = json::array();
  for (const auto& [call, use] : a.waits)
    waits[call] = {{"calls", use.calls}, {"slept", use.slept}, {"empty", use.empty}, {"watched", use.watched}};
  for (const auto& [call, use] : a.sends)
    sends[call] = {{"calls", use.calls},
                   {"bytes", use.bytes},
                   {"segments", use.segments},
                   {"parts", use.parts},
                   {"without_segment", use.without_segment}};
  for (const auto& [name, use] : a.signals)
    by_signal[name] = {{"sent", use.sent}, {"merged", use.merged}, {"taken", use.taken}, {"woke", use.woke}};
  for (const model::Process& process : a.processes) lived.push_back(process_json(process));
  json causes = json::object();
  for (const auto& [cause, n] : a.wake_causes) causes[valid_utf8(cause)] = n;
  return {{"cpu_ns", a.cpu_ns},
          {"syscalls", a.syscalls},
          {"runs", a.runs},
          {"runs_unmeasured", a.runs_unmeasured},
          {"waits", waits},
          {"sends", sends},
          {"recv_flags", a.recv_flags},
          {"send_flags", a.send_flags},
          {"wake_causes", causes},
          {"signals", by_signal},
          {"connections_announced", a.connections_announced},
          {"woken_for_connection", a.woken_for_connection},
          {"woken_for_nothing", a.woken_for_nothing},
          {"processes_forked", a.processes_forked},
          {"processes_left", a.processes_left},
          {"zombie_ns", a.zombie_ns},
          {"reap_calls", a.reap_calls},
          {"reap_calls_empty", a.reap_calls_empty},
          {"processes", lived},
          {"shared_sockets",
           {{"sockets", a.shared.sockets},
            {"most_holders", a.shared.most_holders},
            {"closes_without_fin", a.shared.closes_without_fin},
            {"fins_with_the_last", a.shared.fins_with_the_last},
            {"fins_before_the_last", a.shared.fins_before_the_last}}}};
}

}  // namespace wp::report
