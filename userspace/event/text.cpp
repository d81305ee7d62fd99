// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/event/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstring>
#include <iterator>
#include <limits>
#include <map>
#include <optional>

#include "userspace/base/text.hpp"
#include "userspace/event/decode.hpp"
#include "userspace/event/fields.hpp"

namespace wp::event {
namespace {

// --- out ---

template <std::integral T>
void append_field(std::string& out, std::string_view name, T value) {
  if (value != 0) fmt::format_to(std::back_inserter(out), " {}={}", name, value);
}

template <std::size_t n>
void append_name(std::string& out, std::string_view name, const char (&value)[n]) {
  if (value[0] != 0) fmt::format_to(std::back_inserter(out), " {}={}", name, in_quotes(until_nul(value)));
}
void append_field(std::string& out, std::string_view name, const wp_comm& value) { append_name(out, name, value.s); }
void append_field(std::string& out, std::string_view name, const wp_text& value) { append_name(out, name, value.s); }

void append_field(std::string& out, std::string_view name, const wp_addr& value) {
  std::size_t used = std::size(value.b);
  while (used > 0 && value.b[used - 1] == 0) --used;
  if (used == 0) return;
  fmt::format_to(std::back_inserter(out), " {}=", name);
  for (std::size_t i = 0; i < used; ++i) fmt::format_to(std::back_inserter(out), "{:02x}", value.b[i]);
}

std::string text_of(const Loss& loss) {
  const std::string cpu = loss.cpu == Loss::kAllCpus ? "all" : std::to_string(loss.cpu);
  return fmt::format("{} cpu={} loss why={} from_ns={} to_ns={} count={}", loss.to_ns, cpu, loss_name(loss.why),
                     loss.from_ns, loss.to_ns, loss.count);
}

template <typename Record>
std::string text_of(const Record& record) {
  std::string out =
      fmt::format("{} cpu={} seq={} {}", record.h.ts_ns, record.h.cpu, record.h.seq, kind_of<Record>.name);
  for_each_field(record, [&out](std::string_view name, const auto& value) { append_field(out, name, value); });
  return out;
}

// --- in ---

// Every parse_value returns what is wrong with the text, empty if nothing is.

template <std::integral T>
std::string parse_value(std::string_view text, T& value) {
  const bool is_hex = text.substr(0, 2) == "0x";
  const std::string_view digits = is_hex ? text.substr(2) : text;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value, is_hex ? 16 : 10);
  if (error == std::errc::result_out_of_range) return fmt::format("{} does not fit into {} bytes", text, sizeof(T));
  if (error != std::errc() || stop != end) return fmt::format("'{}' is not a number", text);
  return {};
}

template <std::size_t n>
std::string parse_name(std::string_view text, char (&value)[n]) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return fmt::format("{} is not quoted", text);
  const auto bytes = unescaped(text.substr(1, text.size() - 2));
  if (!bytes) return fmt::format("{} has an unknown escape", text);
  if (bytes->size() > n) return fmt::format("{} is longer than {} bytes", text, n);
  std::memcpy(value, bytes->data(), bytes->size());
  return {};
}
std::string parse_value(std::string_view text, wp_comm& value) { return parse_name(text, value.s); }
std::string parse_value(std::string_view text, wp_text& value) { return parse_name(text, value.s); }

std::string parse_value(std::string_view text, wp_addr& value) {
  if (text.size() % 2 != 0 || text.size() / 2 > std::size(value.b)) {
    return fmt::format("'{}' is no address: up to 16 bytes as hex digits", text);
  }
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const std::string_view digits = text.substr(i, 2);
    const auto [stop, error] = std::from_chars(digits.begin(), digits.end(), value.b[i / 2], 16);
    if (error != std::errc() || stop != digits.end()) return fmt::format("'{}' is no address: not hex digits", text);
  }
  return {};
}

// The next word of a line; spaces inside quotes don't end it.
std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  bool in_quotes = false;
  std::size_t end = 0;
  for (; end < line.size() && (in_quotes || line[end] != ' '); ++end) {
    if (line[end] == '\\') {
      end = std::min(end + 1, line.size() - 1);
    } else if (line[end] == '"') {
      in_quotes = !in_quotes;
    }
  }
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

struct NameValue {
  std::string_view name, value;
};

std::optional<NameValue> split(std::string_view word) {
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  return NameValue{word.substr(0, equals), word.substr(equals + 1)};
}

template <typename Record>
std::string set_field(Record& record, const NameValue& given) {
  bool known = false;
  std::string wrong;
  for_each_field(record, [&](std::string_view name, auto& value) {
    if (name != given.name) return;
    known = true;
    wrong = parse_value(given.value, value);
  });
  if (!known) return fmt::format("{} has no field '{}'", kind_of<Record>.name, given.name);
  return wrong.empty() ? wrong : fmt::format("{}: {}", given.name, wrong);
}

template <typename Record>
Result<Event> parse_fields(const wp_header& header, std::string_view rest) {
  Record record{};
  record.h = header;
  record.h.kind = kind_of<Record>.number;
  record.h.size = kind_of<Record>.size;
  for (std::string_view word = take_word(rest); !word.empty(); word = take_word(rest)) {
    const auto given = split(word);
    if (!given) return Error{.message = fmt::format("'{}' is not field=value", word)};
    if (std::string wrong = set_field(record, *given); !wrong.empty()) return Error{.message = std::move(wrong)};
  }
  return Event(record);
}

Result<Event> parse_record(const wp_header& header, std::string_view kind, std::string_view rest) {
#define WP_TRY(number, name, doc) \
  if (kind == #name) return parse_fields<wp_##name>(header, rest);
  WP_EVENTS(WP_TRY)
#undef WP_TRY
  if (kind == "loss") return Error{.message = "a loss can't be written: leave a hole in seq instead"};
  return Error{.message = fmt::format("there is no event kind '{}'", kind)};
}

// "cpu=3" and "seq=9" before the kind.
std::string parse_header_word(const NameValue& given, wp_header& header) {
  if (given.name == "cpu") {
    std::string wrong = parse_value(given.value, header.cpu);
    return wrong.empty() && header.cpu >= kMaxCpus ? fmt::format("there is no CPU {}", header.cpu) : wrong;
  }
  if (given.name == "seq") return parse_value(given.value, header.seq);
  return fmt::format("'{}' before the kind: only cpu and seq stand there", given.name);
}

void number_missing(Event& event, std::map<std::uint32_t, std::uint64_t>& last_seq) {
  std::visit(
      [&last_seq]<typename Record>(Record& record) {
        if constexpr (!std::is_same_v<Record, Loss>) {
          if (record.h.kind >= WP_KIND_first_of_collector) return;
          std::uint64_t& last = last_seq[record.h.cpu];
          if (record.h.seq == 0) record.h.seq = last + 1;
          last = record.h.seq;
        }
      },
      event);
}

}  // namespace

const char* loss_name(Loss::Why why) {
  switch (why) {
    case Loss::Why::kRingFull: return "ring_full";
    case Loss::Why::kDamaged: return "damaged";
    case Loss::Why::kUndecodable: return "undecodable";
    case Loss::Why::kLate: return "late";
    case Loss::Why::kTail: return "tail";
  }
  return "unknown";
}

std::string to_text(const Event& event) {
  return std::visit([](const auto& record) { return text_of(record); }, event);
}

Result<Event> parse_event(std::string_view line) {
  wp_header header{};
  const std::string_view time = take_word(line);
  if (std::string wrong = parse_value(time, header.ts_ns); !wrong.empty()) return Error{.message = "time: " + wrong};
  std::string_view word = take_word(line);
  for (auto given = split(word); given; given = split(word)) {
    if (std::string wrong = parse_header_word(*given, header); !wrong.empty()) return Error{.message = wrong};
    word = take_word(line);
  }
  return parse_record(header, word, line);
}

Result<std::vector<Event>> parse_events(std::string_view text) {
  std::vector<Event> events;
  std::map<std::uint32_t, std::uint64_t> last_seq;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t start = line.find_first_not_of(" \t\r");
    if (start == std::string_view::npos || line[start] == '#') continue;
    auto event = parse_event(line);
    if (!event) return std::move(event.error()).within(fmt::format("line {}", number));
    number_missing(*event, last_seq);
    events.push_back(*event);
  }
  return events;
}

}  // namespace wp::event
