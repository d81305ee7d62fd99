// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/show.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "userspace/base/text.hpp"
#include "userspace/report/blame_text.hpp"
#include "userspace/report/evidence.hpp"
#include "userspace/report/words.hpp"

namespace wp::report {
namespace {

using model::Path;
using model::Seen;
using model::Stage;
using model::StagePoint;

constexpr std::size_t kWideEnoughForEvidence = 110;  // below, evidence stands under its line
constexpr std::size_t kContextWidth = 16;
constexpr std::size_t kColumnsBeforeBar = 2 + 9 + 10 + 11 + 4 + 2 + kContextWidth;

struct Layout {
  Style style;
  bool beside = false;  // evidence beside the bar
  std::size_t bar = 0;
  std::size_t evidence = 0;
  std::size_t evidence_indent = 0;
};

Layout layout_for(const Style& style) {
  const std::size_t width = std::clamp<std::size_t>(style.width, 80, 200);
  Layout layout{style, width >= kWideEnoughForEvidence, 0, width - 6, 6};
  if (layout.beside) {
    layout.bar = width / 8;
    layout.evidence_indent = kColumnsBeforeBar + layout.bar + 1;
    layout.evidence = width - layout.evidence_indent;
  } else {
    layout.bar = width - kColumnsBeforeBar;
  }
  return layout;
}

// A stage's place on the time axis.
struct Place {
  bool has_offset = false;
  bool is_first = false;
  bool has_delta = false;  // false for the first stage, and where time runs backwards
  bool hides_unknown = false;
  std::uint64_t first_ns = 0, previous_ns = 0, ts_ns = 0;
};

std::array<Place, model::kStageCount> place_stages(const Path& path) {
  std::array<Place, model::kStageCount> places{};
  bool begun = false, hides_unknown = false;
  std::uint64_t first_ns = 0, previous_ns = 0;
  for (const Stage stage : model::stage_order(path)) {
    const StagePoint& point = path.at(stage);
    if (!point.has_time()) {
      hides_unknown = hides_unknown || point.seen == Seen::kUnknown;
      continue;
    }
    Place& place = places[static_cast<std::size_t>(stage)];
    if (!begun) first_ns = previous_ns = point.ts_ns;
    place = {true,        !begun,     begun && point.ts_ns >= previous_ns, begun && hides_unknown, first_ns,
             previous_ns, point.ts_ns};
    begun = true;
    hides_unknown = false;
    previous_ns = point.ts_ns;
  }
  return places;
}

std::string offset_text(const Place& place) {
  if (!place.has_offset) return "-";
  if (place.is_first) return "start";
  if (place.ts_ns < place.first_ns) return "-" + duration_text(place.first_ns - place.ts_ns);
  return "+" + duration_text(place.ts_ns - place.first_ns);
}

std::string delta_text(const Place& place) {
  if (!place.has_offset) return "-";
  if (place.has_delta) return duration_text(place.ts_ns - place.previous_ns);
  return place.ts_ns < place.previous_ns ? "earlier" : "";
}

struct BarSigns {
  const char *sure, *inferred, *unknown, *beyond;
};
constexpr BarSigns kBlocks = {"█", "▒", "░", "»"};
constexpr BarSigns kAscii = {"#", "~", "?", ">"};

// As in the HTML report: what the kernel does before the data is readable, the way to a CPU, the reader's own.
Color bar_color(Stage stage) {
  if (stage <= Stage::kRaise) return Color::kMagenta;
  if (stage <= Stage::kRunnable) return Color::kYellow;
  if (stage == Stage::kRunning) return Color::kRed;
  if (stage <= Stage::kRead) return Color::kGreen;
  return stage <= Stage::kDone ? Color::kBlue : Color::kCyan;
}

std::string bar_text(const Layout& layout, const Place& place, const Path& path, Stage stage, std::uint64_t total_ns) {
  const Seen seen = path.at(stage).seen;
  const BarSigns& signs = layout.style.utf8 ? kBlocks : kAscii;
  std::string bar(layout.bar, ' ');
  if (!place.has_delta || total_ns == 0) return bar;
  const std::uint64_t from_ns = place.previous_ns - std::min(place.first_ns, place.previous_ns);
  const std::uint64_t to_ns = place.ts_ns - std::min(place.first_ns, place.ts_ns);
  const auto cell = [&](std::uint64_t ns) {
    return static_cast<std::size_t>(static_cast<double>(ns) / static_cast<double>(total_ns) *
                                    static_cast<double>(layout.bar));
  };
  const char* sign = place.hides_unknown ? signs.unknown : seen == Seen::kInferred ? signs.inferred : signs.sure;
  const auto painted = [&](std::size_t before, const std::string& text, std::size_t after) {
    return std::string(before, ' ') + paint(layout.style, bar_color(stage), text) + std::string(after, ' ');
  };
  if (to_ns > total_ns) return painted(layout.bar - 1, signs.beyond, 0);
  const std::size_t begin = std::min(cell(from_ns), layout.bar - 1);
  const std::size_t end = std::clamp(cell(to_ns), begin + 1, layout.bar);
  bar.clear();
  for (std::size_t i = begin; i < end; ++i) bar += sign;
  return painted(begin, bar, layout.bar - end);
}

struct Mark {
  char sign;
  Color color;
};

Mark mark_of(Seen seen) {
  switch (seen) {
    case Seen::kObserved: return {'+', Color::kGreen};
    case Seen::kInferred: return {'~', Color::kYellow};
    case Seen::kUnknown: return {'?', Color::kRed};
    case Seen::kNotNeeded:
    case Seen::kNotApplicable: return {'-', Color::kDim};
  }
  return {'?', Color::kRed};
}

std::string evidence_line(const Layout& layout, const std::string& text, Color color) {
  return std::string(layout.evidence_indent, ' ') + paint(layout.style, color, text) + '\n';
}

std::string stage_lines(const Layout& layout, const Path& path, Stage stage, const Place& place,
                        std::uint64_t total_ns) {
  const StagePoint& point = path.at(stage);
  const Mark mark = mark_of(point.seen);
  const Color dim_or_none = point.has_time() ? Color::kNone : mark.color;
  const auto evidence = wrap(fit_charset(layout.style, stage_evidence(path, stage)), layout.evidence);
  std::string line =
      paint(layout.style, mark.color, fmt::format("{} {}", mark.sign, pad_right(model::stage_name(stage), 9)));
  if (!point.has_time() && !layout.beside)
    return line + paint(layout.style, dim_or_none, stage_evidence(path, stage)) + '\n';

  const std::string cpu = point.has_time() && point.cpu >= 0 ? std::to_string(point.cpu) : "-";
  line += pad_left(offset_text(place), 10) + pad_left(delta_text(place), 11) + pad_left(cpu, 4) + "  ";
  line += pad_right(fit_charset(layout.style, stage_context(path, stage)), kContextWidth - 1) + ' ';
  line += bar_text(layout, place, path, stage, total_ns);
  std::size_t next = 0;
  if (layout.beside) line += ' ' + paint(layout.style, dim_or_none, evidence[next++]);
  line.erase(line.find_last_not_of(' ') + 1);
  line += '\n';
  for (; next < evidence.size(); ++next) line += evidence_line(layout, evidence[next], dim_or_none);
  return line;
}

std::string socket_text(const model::Socket& socket) {
  std::string text = protocol_name(socket);
  if (const std::string local = local_address(socket); !local.empty())
    text += ' ' + local + " <- " + peer_address(socket);
  return text;
}

std::string total_text(const Path& path) {
  const auto total = model::total_ns(path);
  if (!total) return "total unknown";
  for (const Stage stage : model::stage_order(path)) {
    if (path.at(stage).has_time())
      return fmt::format("{} from {} to done", duration_text(*total), model::stage_name(stage));
  }
  return {};
}

std::string completeness_text(const Path& path) {
  if (model::is_complete(path)) return "complete";
  const auto unknown = std::count_if(path.stages.begin(), path.stages.end(),
                                     [](const StagePoint& point) { return point.seen == Seen::kUnknown; });
  std::string text = "incomplete";
  if (unknown > 0) text += ": " + counted(static_cast<std::uint64_t>(unknown), "stage") + " unknown";
  if (path.loss_nearby) text += std::string(unknown > 0 ? ", " : ": ") + "events were lost nearby";
  return text;
}

std::string header(const Path& path, const Style& style) {
  std::string text = paint(style, Color::kBold, fmt::format("request #{}", path.id));
  text += fmt::format("  {} pid {} tid {}\n", fit_charset(style, printable(path.task.comm)), path.task.pid,
                      path.task.id.tid);
  text += fmt::format(
      "  {}, {}{}\n", socket_text(path.socket), counted(path.bytes, "byte"),
      path.datagram ? fmt::format(" in datagram {}", path.begin) : fmt::format(" at {}..{}", path.begin, path.end));
  text += fmt::format("  {}, {}\n", total_text(path), completeness_text(path));
  if (path.accept_queue_ns)
    text += fmt::format("  {} in the accept queue before\n", duration_text(*path.accept_queue_ns));
  return text + '\n';
}

std::string blame_lines(const Path& path, const Layout& layout) {
  if (path.blame.empty()) return {};
  std::uint64_t total_ns = 0;
  for (const model::BlameShare& share : path.blame) total_ns += share.ns;
  constexpr std::size_t kBefore = 4 + 13 + 10 + 9 + 2;
  std::string text = '\n' + paint(layout.style, Color::kBold, "to blame") + '\n';
  for (const model::BlameShare& share : path.blame) {
    const Mark mark = mark_of(share.certainty);
    const auto lines =
        wrap(fit_charset(layout.style, share_text(share)), layout.style.width - std::min(layout.style.width, kBefore));
    text +=
        paint(layout.style, mark.color, fmt::format("{} {}", mark.sign, pad_right(model::cause_name(share.cause), 13)));
    text += pad_left(duration_text(share.ns), 10) + pad_left(percent_text(share.ns, total_ns), 9) + "  ";
    for (std::size_t i = 0; i < lines.size(); ++i) text += (i ? std::string(kBefore - 2, ' ') : "") + lines[i] + '\n';
  }
  return text;
}

}  // namespace

std::string render_path(const Path& path, const Style& style) {
  const Layout layout = layout_for(style);
  const auto places = place_stages(path);
  const std::uint64_t total_ns = model::total_ns(path).value_or(0);
  std::string text = header(path, style);
  std::string head =
      "  " + pad_right("stage", 9) + pad_left("offset", 10) + pad_left("delta", 11) + pad_left("cpu", 4) + "  ";
  head += pad_right("context", kContextWidth) + (layout.beside ? pad_right("", layout.bar + 1) + "evidence" : "");
  head.erase(head.find_last_not_of(' ') + 1);
  text += paint(style, Color::kBold, head) + '\n';
  for (const Stage stage : model::stage_order(path)) {
    text += stage_lines(layout, path, stage, places[static_cast<std::size_t>(stage)], total_ns);
  }
  text += blame_lines(path, layout);
  return text + "\n+ observed  ~ inferred  ? unknown  - not needed or not applicable\n";
}

}  // namespace wp::report
