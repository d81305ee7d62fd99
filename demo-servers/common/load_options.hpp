// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What a load is: the options of the load client, and the named workloads, which are options too.
#include <cstdint>
#include <string>
#include <string_view>

#include "demo-servers/common/arguments.hpp"
#include "demo-servers/common/net.hpp"

namespace wp::demo {

/// How a connection ends.
enum class Ending {
  kClose,  ///< close(), when all is answered
  kHalf,   ///< the client shuts its sending side down with the last request, and reads on to the end
  kReset,  ///< close() with a reset instead of a FIN
};

struct LoadOptions {
  Address server{};
  bool udp = false;
  std::uint64_t connections = 1, idle = 0, requests = 1000, pipeline = 1, batch = 1, split = 1;
  std::uint64_t split_pause_us = 50, interval_us = 0, rate = 0, seed = 1, seconds = 0, max_seconds = 300;
  std::uint64_t settle_ms = 20;  ///< until the server has accepted every connection and sleeps
  std::size_t message_bytes = 64;
  bool sequential = false, reconnect = false, urgent = false;
  Ending ending = Ending::kClose;
  std::string truth;
};

struct Workload {
  std::string_view name, what;
  void (*set)(LoadOptions&);
};

/// The workloads of the claims; each sets what it is about, and options given besides win.
inline constexpr Workload kWorkloads[] = {
    {"W0", "no client: nothing at all, for a second",
     [](LoadOptions& o) { o.connections = 0, o.requests = 0, o.seconds = 1; }},
    {"W1", "64 idle connections, for a second",
     [](LoadOptions& o) { o.connections = 0, o.requests = 0, o.idle = 64, o.seconds = 1; }},
    {"W2", "paced: 100 requests a second at random times (Poisson), whatever the server does",
     [](LoadOptions& o) { o.connections = 8, o.requests = 200, o.rate = 100; }},
    {"W3", "closed loop, 1 client", [](LoadOptions& o) { o.connections = 1; }},
    {"W4", "closed loop, 50 clients", [](LoadOptions& o) { o.connections = 50, o.requests = 5000; }},
    {"W5", "bulk: 64 KiB a request, 4 at a time",
     [](LoadOptions& o) { o.message_bytes = 65536, o.pipeline = 4, o.requests = 2000; }},
    {"W6", "connect storm: a connection for each request, 32 at a time",
     [](LoadOptions& o) { o.connections = 32, o.reconnect = true; }},
    {"W7", "dribble: 16 bytes, one every 5 ms, on 8 connections",
     [](LoadOptions& o) {
       o.connections = 8, o.requests = 16, o.message_bytes = 16, o.split = 16, o.split_pause_us = 5000;
     }},
    {"W8", "half-close and reset, in turn, a connection for each request",
     [](LoadOptions& o) { o.connections = 8, o.requests = 200, o.reconnect = true, o.ending = Ending::kHalf; }},
    {"W9", "an urgent byte (MSG_OOB) before each request",
     [](LoadOptions& o) { o.connections = 4, o.requests = 200, o.urgent = true; }},
    {"W10", "1024 idle connections and 1 active", [](LoadOptions& o) { o.idle = 1024; }},
};

inline Address parse_endpoint(const std::string& text) {
  if (text.starts_with(kUnix)) return unix_address(text.substr(kUnix.size()));
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) give_up("--connect takes ADDR:PORT, [ADDR]:PORT or unix:NAME");
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const unsigned long port = std::strtoul(text.c_str() + colon + 1, nullptr, 10);
  if (port == 0 || port > 65535) give_up("not a port in --connect " + text);
  return address_from(host, static_cast<std::uint16_t>(port));
}

inline void set_workload(LoadOptions& options, const std::string& name) {
  if (name.empty()) return;
  for (const Workload& workload : kWorkloads) {
    if (workload.name == name) return workload.set(options);
  }
  give_up("there is no workload '" + name + "'; --list names them");
}

inline void refuse_contradictions(const LoadOptions& o) {
  if (o.split > 1 && o.batch > 1) give_up("--split and --batch exclude each other");
  if (o.interval_us > 0 && (o.pipeline > 1 || o.rate > 0)) give_up("--interval-us needs --pipeline 1 and no --rate");
  if (o.rate > 0 && (o.reconnect || o.sequential || o.batch > 1)) give_up("--rate needs connections that stay");
  if (o.split > o.message_bytes) give_up("--split is more than the bytes of a request");
  if (o.requests == 0 && o.seconds == 0) give_up("no requests and no --seconds: there is nothing to do");
  if (o.udp && (o.reconnect || o.split > 1 || o.urgent || o.pipeline > 1))
    give_up("--udp has neither connections nor pieces");
  if (o.urgent && o.split > 1) give_up("--urgent and --split exclude each other");
}

inline LoadOptions parse_load_options(int argc, char** argv) {
  Arguments arguments(argc, argv);
  LoadOptions o;
  if (arguments.flag("--list")) {
    for (const Workload& w : kWorkloads) std::printf("%-4s %s\n", w.name.data(), w.what.data());
    std::exit(0);
  }
  set_workload(o, arguments.text("--workload", ""));
  o.server = parse_endpoint(arguments.text("--connect", ""));
  o.udp = arguments.flag("--udp");
  o.connections = arguments.number("--connections", o.connections, 0, 50'000);
  o.idle = arguments.number("--idle", o.idle, 0, 50'000);
  o.requests = arguments.number("--requests", o.requests, 0, 100'000'000);
  o.message_bytes = arguments.number("--size", o.message_bytes, 16, 1U << 20U);
  o.pipeline = arguments.number("--pipeline", o.pipeline, 1, 1024);
  o.batch = arguments.number("--batch", o.batch, 1, 1024);
  o.split = arguments.number("--split", o.split, 1, 1U << 20U);
  o.split_pause_us = arguments.number("--split-pause-us", o.split_pause_us, 0, 1'000'000);
  o.interval_us = arguments.number("--interval-us", o.interval_us, 0, 60'000'000);
  o.rate = arguments.number("--rate", o.rate, 0, 1'000'000);
  o.seed = arguments.number("--seed", o.seed, 0, UINT64_MAX);
  o.settle_ms = arguments.number("--settle-ms", o.settle_ms, 0, 600'000);
  o.seconds = arguments.number("--seconds", o.seconds, 0, 86400);
  o.max_seconds = arguments.number("--max-seconds", o.max_seconds, 1, 86400);
  o.sequential = arguments.flag("--sequential");
  o.reconnect = arguments.flag("--reconnect") || o.reconnect;
  o.urgent = arguments.flag("--urgent") || o.urgent;
  o.truth = arguments.text("--truth", "");
  arguments.refuse_the_rest();
  if (o.connections == 0) o.requests = 0;
  refuse_contradictions(o);
  return o;
}

}  // namespace wp::demo
