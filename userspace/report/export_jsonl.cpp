// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/report/export_jsonl.hpp"

#include "userspace/report/blame_text.hpp"
#include "userspace/report/json_writer.hpp"
#include "userspace/report/words.hpp"

namespace wp::report {
namespace {

using model::Path;
using model::Seen;
using model::Stage;
using model::StagePoint;

void write_who(JsonWriter& json, const Path& path) {
  json.key("task").open('{').field("pid", path.task.pid).field("tid", path.task.id.tid);
  json.field("comm", path.task.comm).close('}');
  const model::Socket& socket = path.socket;
  json.key("socket").open('{').field("cookie", socket.cookie).field("family", family_name(socket));
  json.field("protocol", protocol_name(socket));
  if (const std::string local = local_address(socket); !local.empty()) {
    json.field("local", local).field("peer", peer_address(socket));
  }
  json.close('}');
}

void write_times(JsonWriter& json, const Path& path) {
  json.key("stages").open('{');
  for (const Stage stage : model::stage_order(path)) {
    const StagePoint& point = path.at(stage);
    if (!point.has_time()) continue;
    json.key(model::stage_name(stage)).open('{').field("ts_ns", point.ts_ns);
    if (point.cpu >= 0) json.field("cpu", point.cpu);
    json.field("certainty", model::seen_name(point.seen));
    if (point.seen == Seen::kInferred) json.field("why", model::reason_name(point.why));
    json.close('}');
  }
  json.close('}');
}

void write_without(JsonWriter& json, const Path& path, Seen seen) {
  json.key(model::seen_name(seen)).open('{');
  for (const Stage stage : model::stage_order(path)) {
    const StagePoint& point = path.at(stage);
    if (point.seen == seen) json.field(model::stage_name(stage), model::reason_name(point.why));
  }
  json.close('}');
}

void write_wake(JsonWriter& json, const Path& path) {
  const model::Wake& wake = path.wake;
  json.key("wake").open('{').field("mechanism", model::mechanism_name(wake.mechanism)).field("needed", wake.needed);
  json.field("waker_context", model::level_name(wake.level)).field("certainty", model::seen_name(wake.certainty));
  if (wake.why != model::Reason::kNone) json.field("why", model::reason_name(wake.why));
  if (wake.level == model::Level::kTask && wake.waker_tid != 0) {
    json.key("waker").open('{').field("tid", wake.waker_tid).field("comm", wake.waker_comm).close('}');
  }
  if (wake.woken.tid != 0) json.field("woken_tid", wake.woken.tid);
  if (path.at(Stage::kRunning).has_time()) {
    json.key("ran_before").open('{').field("tid", wake.prev_tid).field("comm", wake.prev_comm).close('}');
  }
  json.close('}');
}

void write_witness(JsonWriter& json, const Path& path) {
  json.key("witness").open('[');
  for (const model::WitnessEntry& entry : path.witness) {
    json.open('{').field("func", entry.func).field("mechanism", model::mechanism_name(entry.mechanism));
    json.field("fd", entry.fd).field("tid", entry.task.tid);
    json.field("exclusive", entry.exclusive).field("waiting", entry.waiting).close('}');
  }
  json.close(']').field("witness_cut", path.witness_cut);
}

// What is empty or zero because it is not known is left out.
void write_arrival(JsonWriter& json, const model::Arrival& arrival, bool has_irq) {
  const auto text = [&json](const char* name, const std::string& value) {
    if (!value.empty()) json.field(name, value);
  };
  const auto number = [&json](const char* name, std::uint32_t value) {
    if (value != 0) json.field(name, value);
  };
  json.key("arrival").open('{');
  if (has_irq) json.field("irq", arrival.irq);
  text("irq_name", arrival.irq_name);
  text("irq_over", arrival.irq_over);
  text("softirq_how", arrival.softirq_how);
  text("driver_hook", arrival.driver_hook);
  number("ifindex", arrival.ifindex);
  text("device", arrival.device);
  text("device_kind", arrival.device_kind);
  number("napi_id", arrival.napi_id);
  if (arrival.queue != 0) json.field("queue", arrival.queue - 1);
  json.field("frames", arrival.frames).field("packet_index", arrival.packet_index);
  number("packet_bytes", arrival.packet_bytes);
  json.field("unread", arrival.unread).field("context", model::level_name(arrival.level));
  number("sender_tid", arrival.sender_tid);
  json.field("backlog", arrival.backlog).field("forwarded", arrival.forwarded).close('}');
}

void write_calls(JsonWriter& json, const Path& path) {
  json.key("read").open('{').field("fd", path.fd).field("syscall", path.syscall).field("ret", path.read_ret);
  json.field("flags", path.msg_flags).field("peek", path.peek).close('}');
  if (!path.wait_syscall.empty()) {
    json.key("wait").open('{').field("syscall", path.wait_syscall).field("ready", path.wait_ready).close('}');
  }
  json.field("reply_bytes", path.reply_bytes);
  if (path.accept_queue_ns) json.field("accept_queue_ns", *path.accept_queue_ns);
}

}  // namespace

void append_jsonl(std::string& out, const Path& path) {
  JsonWriter json(out);
  json.open('{').field("id", path.id);
  write_who(json, path);
  json.field("bytes", path.bytes).field("begin", path.begin).field("end", path.end).field("datagram", path.datagram);
  json.field("fin", path.fin).field("delivery_id", path.delivery_id).field("read_id", path.read_id);
  json.field("deliveries_of_read", path.deliveries_of_read).field("part_of_delivery", path.part_of_delivery);
  write_times(json, path);
  for (const Seen seen : {Seen::kNotNeeded, Seen::kNotApplicable, Seen::kUnknown}) write_without(json, path, seen);
  write_wake(json, path);
  write_witness(json, path);
  write_arrival(json, path.arrival, path.at(Stage::kIrq).has_time());
  write_calls(json, path);
  write_blame(json.key("blame"), path.blame);
  json.field("complete", model::is_complete(path)).field("loss_nearby", path.loss_nearby);
  if (const auto total = model::total_ns(path)) json.field("total_ns", *total);
  json.close('}');
  out += '\n';
}

}  // namespace wp::report
