// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>

#include "userspace/base/text.hpp"
#include "userspace/report/activity.hpp"
#include "userspace/report/detail.hpp"
#include "userspace/report/summary.hpp"
#include "userspace/report/table_text.hpp"

namespace wp::report {
namespace {

constexpr std::size_t kMostThreads = 20;
constexpr std::size_t kMostGaps = 50;

std::string heading(const Style& style, const std::string& text) {
  return '\n' + paint(style, Color::kBold, text) + '\n';
}

std::string fact(const char* name, const std::string& text) { return fmt::format("  {:<11} {}\n", name, text); }

std::string more_text(std::size_t all, std::size_t shown) {
  return all > shown ? fmt::format("  and {} more: see --json\n", all - shown) : "";
}

std::string lost_text(const Style& style, const model::Summary& summary) {
  const std::uint64_t lost = summary.events_lost;
  std::string text =
      paint(style, lost == 0 ? Color::kNone : Color::kRed, grouped(lost) + (lost == 1 ? " event" : " events"));
  if (summary.damaged_blocks > 0) text += ", " + counted(summary.damaged_blocks, "damaged block");
  if (summary.clock_regressions > 0) text += ", " + counted(summary.clock_regressions, "clock regression");
  return text;
}

std::string header(const model::RecordingInfo& info, const model::Summary& summary, const Report& report,
                   const Style& style, const std::string& file) {
  std::string traced = printable(info.target);
  if (!info.command.empty()) traced += (traced.empty() ? "" : ", ") + printable(info.command);
  std::string duration =
      summary.last_ns > summary.first_ns ? duration_text(summary.last_ns - summary.first_ns) : "unknown";
  duration += ", " + grouped(summary.events) + " events, ";
  duration +=
      info.closed_cleanly ? "closed cleanly" : paint(style, Color::kYellow, "NOT closed cleanly: its end is missing");
  std::string text = paint(style, Color::kBold, "wakepath report of " + printable(file)) + '\n';
  text += fact("traced", traced.empty() ? "unknown" : traced);
  text +=
      fact("kernel", fmt::format("{} {}, {}, recorded by wakepath {}", printable(info.kernel),
                                 printable(info.host_arch), counted(info.cpus, "CPU"), printable(info.tool_version)));
  text += fact("duration", duration);
  if (const std::string detail = detail_fact(summary); !detail.empty()) text += fact("detail", detail);
  text += fact("requests",
               fmt::format("{} paths of {} reads, {} complete ({})", grouped(report.paths()), grouped(report.reads()),
                           grouped(report.complete()), percent_text(report.complete(), report.paths())));
  return text + fact("lost", lost_text(style, summary));
}

std::string mechanism_list(const MechanismCounts& counts, std::uint64_t paths) {
  std::string text;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    const char* name = i == 0 ? "nobody waiting" : model::mechanism_name(static_cast<model::Mechanism>(i));
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, percent_text(counts[i], paths));
  }
  return text;
}

std::string per_read(std::uint64_t wakes, std::uint64_t reads) {
  return reads == 0 ? "-" : fmt::format("{:.3f}", static_cast<double>(wakes) / static_cast<double>(reads));
}

std::string waiting(const Report& report, const Style& style) {
  if (report.paths() == 0) return {};
  std::string text = heading(style, "how readers waited (the kernel's wait queue when the data arrived)");
  text += "  " + mechanism_list(report.mechanisms(), report.paths()) + '\n';
  const auto threads = report.threads();
  for (std::size_t i = 0; i < std::min(threads.size(), kMostThreads); ++i) {
    const Report::Thread& thread = threads[i];
    const std::string who =
        fmt::format("{} pid {} tid {}", printable(thread.task.comm), thread.task.pid, thread.task.id.tid);
    text += fmt::format("  {}  {} paths: {}; {} of {} reads woken\n",
                        pad_right(who, std::max<std::size_t>(30, text_width(who))), grouped(thread.paths),
                        mechanism_list(thread.mechanisms, thread.paths), grouped(thread.woken), grouped(thread.reads));
  }
  return text + more_text(threads.size(), kMostThreads);
}

std::string wakes(const model::Summary& summary, const Report& report, const Style& style) {
  if (report.paths() == 0) return {};
  std::string text = heading(style, "wakes");
  text += fmt::format("  {} per request: {} by deliveries, for {} reads\n",
                      per_read(summary.wakes_by_delivery, report.reads()), grouped(summary.wakes_by_delivery),
                      grouped(report.reads()));
  const auto line = [&text](std::uint64_t paths, const std::string& what) {
    if (paths > 0) text += fmt::format("  {} paths  {}\n", pad_left(grouped(paths), 11), what);
  };
  line(report.wakes_observed(), "needed a wake");
  line(report.wakes_inferred(), "needed a wake, inferred");
  for (std::size_t i = 0; i < model::kReasonCount; ++i) {
    line(report.no_wake()[i], fmt::format("no wake needed: {}", model::reason_text(static_cast<model::Reason>(i))));
  }
  line(report.wakes_unknown(), "unknown");
  return text;
}

// How often the card interrupted for what was read, and who took it from the card.
std::string receive_path(const ReceiveCounts& receive) {
  if (receive.packets() == 0) return {};
  std::string text =
      fact("interrupts", fmt::format("{} for {} packets, {} a packet", grouped(receive.interrupts()),
                                     grouped(receive.packets()), per_read(receive.interrupts(), receive.packets())));
  if (receive.polls() > 0)
    text += fact("polls", fmt::format("{}, {} packets a poll", grouped(receive.polls()),
                                      per_read(receive.packets(), receive.polls())));
  for (const auto& [how, packets] : receive.runners())
    text += fact("taken", fmt::format("{} packets {}", grouped(packets), runner_text(how)));
  return text;
}

std::string sources(const model::Summary& summary, const Report& report, const Style& style) {
  std::string text;
  for (const auto& [name, paths] : report.transports()) text += fact(name.c_str(), grouped(paths) + " paths");
  for (const auto& [name, device] : report.devices()) {
    const std::string kind = device.kind.empty() ? "" : " (" + printable(device.kind) + ")";
    text += fact(printable(name).c_str(), grouped(device.paths) + " paths" + kind);
  }
  text += receive_path(report.receive());
  const Histogram& queue = report.accept_queue();
  if (queue.count() > 0) {
    text += fact("accept queue", fmt::format("p50 {}, p99 {}, max {} of {}", duration_text(*queue.percentile_ns(50)),
                                             duration_text(*queue.percentile_ns(99)), duration_text(*queue.max_ns()),
                                             counted(queue.count(), "connection")));
  }
  for (const auto& [reason, count] : summary.drop_reasons)
    text += fact("dropped", grouped(count) + "  " + printable(reason));
  if (summary.drop_reasons.empty()) text += fact("dropped", grouped(summary.drops));
  return heading(style, "transport") + text;
}

std::string since(std::uint64_t ts_ns, std::uint64_t begin_ns) {
  if (ts_ns == ~std::uint64_t{0}) return "end";
  return ts_ns < begin_ns ? "before" : fmt::format("{:.6f}", static_cast<double>(ts_ns - begin_ns) / 1e9);
}

std::string cpu_text(std::uint32_t cpu) { return cpu == ~0U ? std::string("some CPU") : fmt::format("CPU {}", cpu); }

std::string gap_text(const model::Gap& gap, std::uint64_t begin_ns) {
  return fmt::format("  {}  {}..{} s  {} lost: {}\n", cpu_text(gap.cpu), since(gap.from_ns, begin_ns),
                     since(gap.to_ns, begin_ns), counted(gap.count, "event"), printable(gap.why));
}

std::string hook_loss_text(const model::HookLoss& lost, const model::RecordingInfo& info, std::uint64_t begin_ns) {
  const std::string hook = lost.hook < info.hooks.size() ? info.hooks[lost.hook].tracepoint : std::to_string(lost.hook);
  std::string why;
  const auto add = [&why](std::uint64_t count, const char* text) {
    if (count > 0) why += fmt::format("{}{} {}", why.empty() ? "" : ", ", grouped(count), text);
  };
  add(lost.ring_full, "found the ring full");
  add(lost.map_full, "found no room for state");
  add(lost.missed, "came while its program ran");
  return fmt::format("  {} on {}  {}..{} s  {}\n", printable(hook), cpu_text(lost.cpu), since(lost.from_ns, begin_ns),
                     since(lost.to_ns, begin_ns), why);
}

// Do the fates of all firings and of all records add up? Differences are only those of a recording that broke off.
std::string books(const model::RecordingInfo& info, const model::Summary& summary, const Style& style) {
  const model::Books& books = summary.books;
  std::string text;
  for (std::size_t i = 0; i < std::min(books.lost.size(), kMostGaps); ++i)
    text += hook_loss_text(books.lost[i], info, summary.first_ns);
  text += more_text(books.lost.size(), kMostGaps);
  if (books.fired == 0) return text;
  const std::uint64_t difference = books.hooks_difference + (books.has_rings ? books.rings_difference : 0);
  text += fmt::format("  books: {} firings, {} records", grouped(books.fired), grouped(books.submitted));
  if (books.has_rings) text += fmt::format(", {} in the file", grouped(books.in_file));
  std::string verdict = fmt::format("difference {}", grouped(difference));
  for (const model::HookUse& hook : info.hooks)
    if (!hook.balances()) verdict += ", " + printable(hook.tracepoint) + " does not balance";
  return text + "; " + (difference == 0 ? verdict : paint(style, Color::kYellow, verdict)) + "\n";
}

std::string loss(const model::RecordingInfo& info, const model::Summary& summary, const Report& report,
                 const Style& style) {
  std::string text = heading(style, "loss");
  text += fmt::format("  {} lost, {} paths near a loss\n", lost_text(style, summary), grouped(report.near_loss()));
  for (std::size_t i = 0; i < std::min(summary.gaps.size(), kMostGaps); ++i)
    text += gap_text(summary.gaps[i], summary.first_ns);
  return text + more_text(summary.gaps.size(), kMostGaps) + books(info, summary, style);
}

std::string missing_hooks(const model::RecordingInfo& info, const Style& style) {
  std::string text;
  for (const model::HookUse& hook : info.hooks) {
    if (!hook.is_missing()) continue;
    text += fmt::format("  {}: {}; stage affected: {}\n", printable(hook.tracepoint),
                        hook.reason.empty() ? "no reason given" : printable(hook.reason), printable(hook.stage));
  }
  return text.empty() ? text : heading(style, "missing hooks") + text;
}

std::string diagnostics(const model::Summary& summary, const Style& style) {
  std::string text;
  for (const model::Diagnostic& diagnostic : summary.diagnostics) {
    const bool is_bad = diagnostic.severity >= model::Diagnostic::Severity::kDataLoss;
    const std::string name = paint(style, is_bad ? Color::kRed : Color::kNone, severity_name(diagnostic.severity));
    text += fmt::format("  {}  {} {}: {}\n", name, grouped(diagnostic.count), printable(diagnostic.name),
                        printable(diagnostic.sentence));
  }
  return text.empty() ? text : heading(style, "diagnostics") + text;
}

std::string next_step(const Report& report, const std::string& file) {
  const Report::Slowest slowest = report.slowest();
  if (slowest.id == 0) return "\nNo path has a total. Next: wakepath doctor\n";
  return fmt::format("\nslowest: #{} {}\nNext: wakepath show {} --percentile 99\n", slowest.id,
                     duration_text(slowest.total_ns), printable(file));
}

}  // namespace

std::string render_summary(const model::RecordingInfo& info, const model::Summary& summary, const Report& report,
                           const Style& style, const std::string& file) {
  std::string text = header(info, summary, report, style, file);
  text += heading(style, "where the time went (from the stage before to this one)") + time_table(report.stages());
  text += untimed_stages(report.stages(), style) + render_blame(report.blame().groups(), style);
  text += waiting(report, style) + wakes(summary, report, style) + sources(summary, report, style);
  text += activity_text(summary.activity, style);
  text += detail_text(summary, style);
  text += loss(info, summary, report, style) + missing_hooks(info, style) + diagnostics(summary, style);
  return fit_charset(style, text + next_step(report, file));
}

}  // namespace wp::report
