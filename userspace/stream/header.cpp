// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/stream/header.hpp"

#include <nlohmann/json.hpp>

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
  header.format_major = json.at("format_major").get<std::uint16_t>();
  header.format_minor = json.at("format_minor").get<std::uint16_t>();
  header.wire_major = json.at("wire_major").get<std::uint16_t>();
  header.wire_minor = json.at("wire_minor").get<std::uint16_t>();
  header.tool_version = text_in(json.at("tool_version"));
  header.kernel = text_in(json.at("kernel"));
  header.arch = text_in(json.at("arch"));
  header.target = text_in(json.at("target"));
  header.command_line = text_in(json.at("command_line"));
  header.cpus = json.at("cpus").get<std::uint32_t>();
  header.monotonic_ns = json.at("monotonic_ns").get<std::uint64_t>();
  header.realtime_ns = json.at("realtime_ns").get<std::int64_t>();
  header.ring_bytes = json.at("ring_bytes").get<std::uint64_t>();
  for (const Json& hook : json.at("hooks")) header.hooks.push_back(hook_in(hook));
  for (const Json& kind : json.at("kinds")) {
    header.kinds.push_back({.number = kind.at("number").get<std::uint16_t>(),
                            .name = text_in(kind.at("name")),
                            .size = kind.at("size").get<std::uint16_t>()});
  }
  for (const auto& [name, value] : json.at("options").items())
    header.options[unescaped(name).value_or(name)] = text_in(value);
  return header;
}

// nlohmann::json throws on anything unexpected; here it becomes a value, as everywhere else.
template <typename T, typename Convert>
Result<T> from_json(std::string_view text, Convert convert) {
  try {
    return convert(Json::parse(text));
  } catch (const Json::exception& e) {
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
    return EndCounts{.records = json.at("records").get<std::uint64_t>(),
                     .record_bytes = json.at("record_bytes").get<std::uint64_t>(),
                     .blocks = json.at("blocks").get<std::uint64_t>(),
                     .probe_records = json.value("probe_records", std::uint64_t{0})};  // absent in older ones
  });
}

}  // namespace wp::stream
