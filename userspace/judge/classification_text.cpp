// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include "userspace/base/text.hpp"
#include "userspace/judge/classification_output.hpp"

namespace wp::judge {

namespace {

std::string words(const char* name) {
  std::string text = name;
  for (char& c : text)
    if (c == '_') c = '-';
  return text;
}

std::string confidence_text(const ThreadVerdict& v) {
  if (v.share.of)
    return fmt::format("{} of {}, at least {:.3g} % with 95 % confidence", v.share.hits, v.share.of,
                       100 * v.share.lower());
  return v.confidence > 0 ? fmt::format("{:.3g} % of the time", 100 * v.confidence) : "";
}

void append(std::string& out, const ThreadVerdict& v) {
  out += fmt::format("  thread {} {}: {}{}{}\n", v.task.id.tid, in_quotes(v.task.comm), words(class_name(v.wait)),
                     v.kind.empty() ? "" : ", ", printable(v.kind));
  if (const std::string text = confidence_text(v); !text.empty()) out += "    rests on        " + text + "\n";
  for (const std::string& line : v.evidence) out += "    evidence        " + printable(line) + "\n";
  if (!v.timer.empty()) out += "    timer           " + v.timer + "\n";
  if (!v.counterexample.empty()) out += "    counterexample  " + v.counterexample + "\n";
  if (!v.missing.empty()) out += "    missing         " + printable(v.missing) + "\n";
}

// Threads that only slept and have nothing to do with sockets are one line together.
bool is_bystander(const ThreadVerdict& v) { return v.wait == WaitClass::kNoNetwork && v.missing.empty(); }

}  // namespace

std::string classification_text(const Classification& c) {
  std::string out =
      fmt::format("watched for {:.3g} s, {} events lost\n", static_cast<double>(c.watched_ns) / 1e9, c.events_lost);
  for (const ServerVerdict& s : c.servers) {
    out += fmt::format("\n{} (pid {}): {}{}{}\n", in_quotes(s.comm), s.pid, words(class_name(s.wait)),
                       s.kind.empty() ? "" : ", ", printable(s.kind));
    out += fmt::format("  architecture: {}", words(architecture_name(s.architecture)));
    if (s.architecture == Architecture::kMultiplexing || (s.architecture == Architecture::kDispatcher && s.loops))
      out += fmt::format(", {} loop{}", s.loops, s.loops == 1 ? "" : "s");
    out += s.missing.empty() ? "\n" : fmt::format(": {}\n", s.missing);
    for (const std::string& line : s.evidence) out += "    evidence        " + line + "\n";
    std::size_t bystanders = 0;
    for (const ThreadVerdict& v : s.threads) {
      if (is_bystander(v))
        ++bystanders;
      else
        append(out, v);
    }
    if (bystanders) out += fmt::format("  {} more threads touch no socket\n", bystanders);
  }
  return out;
}

}  // namespace wp::judge
