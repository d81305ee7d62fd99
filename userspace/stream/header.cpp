// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/stream/header.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "userspace/base/text.hpp"
#include "userspace/event/fields.hpp"

namespace wp::stream {
namespace {

using Json = nlohmann::ordered_json;

// A command line may be megabytes; the header must fit its block in any case.
constexpr std::size_t kMaxString = 16384;

std::string text_out(const std::string& text) { return valid_utf8(std::string_view(text).substr(0, kMaxString)); }

std::string text_in(const Json& json) {
  const auto text = json.get<std::string>();
  return unescaped(text).value_or(text);
}

// 8e80, 1.5, or 65537 for sixteen bits are damage, not a number near them.
template <typename Number>
Number number_in(const Json& json) {
  const bool fits = json.is_number_unsigned()  ? std::in_range<Number>(json.get<std::uint64_t>())
                    : json.is_number_integer() ? std::in_range<Number>(json.get<std::int64_t>())
                                               : false;
  if (!fits) throw std::out_of_range("a number that can't be: " + json.dump());
  return json.get<Number>();
}

Json hooks_out(const std::vector<HookEntry>& hooks) {
  Json out = Json::array();
  for (const HookEntry& hook : hooks) {
    out.push_back({{"name", text_out(hook.name)},
                   {"tracepoint", text_out(hook.tracepoint)},
                   {"stage", text_out(hook.stage)},
                   {"attached", hook.attached},
                   {"reason", text_out(hook.reason)}});
  }
  return out;
}

HookEntry hook_in(const Json& json) {
  return {.name = text_in(json.at("name")),
          .tracepoint = text_in(json.at("tracepoint")),
          .stage = text_in(json.at("stage")),
          .attached = json.at("attached").get<bool>(),
          .reason = text_in(json.at("reason"))};
}

Header header_in(const Json& json) {
  Header header;
  header.format_major = number_in<std::uint16_t>(json.at("format_major"));
  header.format_minor = number_in<std::uint16_t>(json.at("format_minor"));
  header.wire_major = number_in<std::uint16_t>(json.at("wire_major"));
  header.wire_minor = number_in<std::uint16_t>(json.at("wire_minor"));
  header.tool_version = text_in(json.at("tool_version"));
  header.kernel = text_in(json.at("kernel"));
  header.arch = text_in(json.at("arch"));
  header.target = text_in(json.at("target"));
  header.command_line = text_in(json.at("command_line"));
  header.cpus = number_in<std::uint32_t>(json.at("cpus"));
  header.monotonic_ns = number_in<std::uint64_t>(json.at("monotonic_ns"));
  header.realtime_ns = number_in<std::int64_t>(json.at("realtime_ns"));
  header.ring_bytes = number_in<std::uint64_t>(json.at("ring_bytes"));
  for (const Json& hook : json.at("hooks")) header.hooks.push_back(hook_in(hook));
  for (const Json& kind : json.at("kinds")) {
    header.kinds.push_back({.number = number_in<std::uint16_t>(kind.at("number")),
                            .name = text_in(kind.at("name")),
                            .size = number_in<std::uint16_t>(kind.at("size"))});
  }
  for (const auto& [name, value] : json.at("options").items())
    header.options[unescaped(name).value_or(name)] = text_in(value);
  return header;
}

// nlohmann::json and number_in() throw on anything unexpected; here it becomes a value, as everywhere else.
template <typename T, typename Convert>
Result<T> from_json(std::string_view text, Convert convert) {
  try {
    return convert(Json::parse(text));
  } catch (const std::exception& e) {
    return Error{.message = e.what()};
  }
}

}  // namespace

Header own_header() {
  Header header;
  header.wire_major = WP_WIRE_MAJOR;
  header.wire_minor = WP_WIRE_MINOR;
  header.tool_version = WP_VERSION;
  for (const event::Kind& kind : event::kKinds) {
    header.kinds.push_back({.number = kind.number, .name = std::string(kind.name), .size = kind.size});
  }
  return header;
}

std::string to_json(const Header& header) {
  Json kinds = Json::array();
  for (const KindEntry& kind : header.kinds) {
    kinds.push_back({{"number", kind.number}, {"name", text_out(kind.name)}, {"size", kind.size}});
  }
  Json options = Json::object();
  for (const auto& [name, value] : header.options) options[text_out(name)] = text_out(value);
  return Json{{"format_major", header.format_major},
              {"format_minor", header.format_minor},
              {"wire_major", header.wire_major},
              {"wire_minor", header.wire_minor},
              {"tool_version", text_out(header.tool_version)},
              {"kernel", text_out(header.kernel)},
              {"arch", text_out(header.arch)},
              {"target", text_out(header.target)},
              {"command_line", text_out(header.command_line)},
              {"cpus", header.cpus},
              {"monotonic_ns", header.monotonic_ns},
              {"realtime_ns", header.realtime_ns},
              {"ring_bytes", header.ring_bytes},
              {"hooks", hooks_out(header.hooks)},
              {"kinds", std::move(kinds)},
              {"options", std::move(options)}}
      .dump();
}

Result<Header> header_from_json(std::string_view text) { return from_json<Header>(text, header_in); }

std::string to_json(const EndCounts& counts) {
  return Json{{"records", counts.records},
              {"record_bytes", counts.record_bytes},
              {"blocks", counts.blocks},
              {"probe_records", counts.probe_records}}
      .dump();
}

Result<EndCounts> end_counts_from_json(std::string_view text) {
  return from_json<EndCounts>(text, [](const Json& json) {
    return EndCounts{.records = number_in<std::uint64_t>(json.at("records")),
                     .record_bytes = number_in<std::uint64_t>(json.at("record_bytes")),
                     .blocks = number_in<std::uint64_t>(json.at("blocks")),
                     .probe_records = json.contains("probe_records")  // absent in older ones
                                          ? number_in<std::uint64_t>(json.at("probe_records"))
                                          : 0};
  });
}

}  // namespace wp::stream
