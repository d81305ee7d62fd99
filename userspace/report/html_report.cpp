// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/html_report.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>

#include "userspace/base/text.hpp"

namespace wp::report {

using nlohmann::json;

void RequestChoice::on_path(const model::Path& path) {
  ++paths_;
  if (const auto total = model::total_ns(path)) totals_.add(*total);
}

void RequestChoice::choose() {
  if (paths_ <= most_) return;
  if (const auto p99 = totals_.percentile_ns(99)) slow_from_ns_ = *p99;
  const std::uint64_t slow = paths_ / 100 + 1;
  const std::uint64_t room = most_ > slow ? most_ - slow : 1;
  every_ = (paths_ + room - 1) / room;
}

bool RequestChoice::keeps(const model::Path& path) const {
  return path.id % every_ == 0 || model::total_ns(path).value_or(0) >= slow_from_ns_;
}

namespace {

constexpr std::string_view kMark = "@DATA@";

json times_left_out(const HtmlInput& input) {
  json left_out = json::array();
  for (const auto& [from_ns, to_ns] : input.windows->left_out())
    left_out.push_back({from_ns > input.base_ns ? from_ns - input.base_ns : 0, to_ns - std::min(to_ns, input.base_ns)});
  return left_out;
}

// Relative times: a JavaScript number holds 2^53, which an uptime of 105 days is.
json losses_json(const HtmlInput& input) {
  json losses = json::array();
  const auto relative = [&](std::uint64_t ns) { return ns > input.base_ns ? ns - input.base_ns : 0; };
  for (const model::Gap& gap : input.summary->gaps)
    losses.push_back({{"cpu", gap.cpu == ~0U ? json(nullptr) : json(gap.cpu)},
                      {"from", relative(gap.from_ns)},
                      {"to", relative(gap.to_ns)},
                      {"count", gap.count},
                      {"why", valid_utf8(gap.why)}});
  return losses;
}

json tasks_json(const HtmlInput& input) {
  json tasks = json::array();
  for (const auto& [id, task] : input.summary->tasks)
    tasks.push_back({id.tid, std::to_string(id.start_ns), task.pid, printable(task.comm)});
  return tasks;
}

json header(const HtmlInput& input, const std::vector<std::pair<std::string, const Column*>>& columns) {
  json table = json::object();
  std::size_t at = 0;
  for (const auto& [name, column] : columns) {
    table[name] = {at, column->bytes().size(), column->count()};
    at += column->bytes().size();
  }
  return {{"version", 1},
          {"file", printable(input.file)},
          {"detailed", input.detailed},
          {"base_ns", std::to_string(input.base_ns)},
          {"span_ns", input.end_ns - input.base_ns},
          {"report", input.report},
          {"classification", input.classification},
          {"tasks", tasks_json(input)},
          {"losses", losses_json(input)},
          {"requests", input.requests->tables()},
          {"timeline", input.timeline->tables()},
          {"kept",
           {{"requests", input.requests->size()},
            {"every", input.choice->every()},
            {"slices", input.timeline->slices()},
            {"slices_all", input.windows->slices()},
            {"left_out", times_left_out(input)}}},
          {"columns", std::move(table)}};
}

// Takes bytes, gives base64 of their zlib form.
class Packer {
 public:
  explicit Packer(const std::function<bool(std::string_view)>& write) : write_(write) {
    ok_ = deflateInit(&stream_, 6) == Z_OK;
  }
  ~Packer() { deflateEnd(&stream_); }
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;

  void add(std::string_view bytes, bool last = false) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    std::array<unsigned char, 3U << 14U> out{};
    do {
      stream_.next_out = out.data();
      stream_.avail_out = out.size();
      ok_ = ok_ && deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH) != Z_STREAM_ERROR;
      encode({reinterpret_cast<char*>(out.data()), out.size() - stream_.avail_out});
    } while (ok_ && stream_.avail_out == 0);
    if (last && ok_) encode_rest();
  }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

  void encode(std::string_view bytes) {
    rest_ += bytes;
    const std::size_t whole = rest_.size() / 3 * 3;
    std::string text;
    text.reserve(whole / 3 * 4);
    for (std::size_t i = 0; i < whole; i += 3) append_three(text, i);
    rest_.erase(0, whole);
    ok_ = ok_ && write_(text);
  }
  void encode_rest() {
    if (rest_.empty()) return;
    const std::size_t missing = 3 - rest_.size();
    rest_.append(missing, '\0');
    std::string text;
    append_three(text, 0);
    text.replace(4 - missing, missing, missing, '=');
    ok_ = write_(text);
  }
  void append_three(std::string& text, std::size_t at) const {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(rest_[at + i])); };
    const unsigned bits = byte(0) << 16U | byte(1) << 8U | byte(2);
    for (const unsigned shift : {18U, 12U, 6U, 0U}) text += kDigits[bits >> shift & 63U];
  }

  const std::function<bool(std::string_view)>& write_;
  z_stream stream_{};
  std::string rest_;
  bool ok_ = false;
};

}  // namespace

Result<void> write_html(const HtmlInput& input, const std::function<bool(std::string_view)>& write) {
  std::vector<std::pair<std::string, const Column*>> columns;
  input.requests->give_columns(columns);
  input.timeline->give_columns(columns);
  const std::string head = header(input, columns).dump();
  const std::string_view page = html_page();
  const std::size_t mark = page.find(kMark);

  write(page.substr(0, mark));
  Packer packer(write);
  std::string length;
  for (const unsigned shift : {0U, 8U, 16U, 24U}) length += static_cast<char>(head.size() >> shift & 255U);
  packer.add(length);
  packer.add(head);
  for (const auto& [name, column] : columns) packer.add(column->bytes());
  packer.add({}, true);
  if (!packer.ok())
    return Error{ExitCode::kError, "the report could not be written whole: no room, or nobody reads it"};
  write(page.substr(mark + kMark.size()));
  return {};
}

}  // namespace wp::report
