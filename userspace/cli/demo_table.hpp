// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// The demos there are. Adding one is adding a program to demo-servers/ and a row to demo_servers.cpp,
// demo_controls.cpp or demo_mechanisms.cpp; `demo list`, `demo NAME` and `demo all` find it there.
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace wp::cli {

enum class DemoSort : std::uint8_t {
  kServer,     ///< answers requests the ordinary way: ground truth must hold for at least `least_complete`
  kControl,    ///< a pretender or a control: what it is, is known beforehand; the same ground truth
  kMechanism,  ///< a program that plays both sides of one mechanism and tells what the trace must count
};
const char* demo_sort_name(DemoSort sort);  ///< "server", "control", "mechanism"

enum class DemoTransport : std::uint8_t {
  kTcp,
  kUdp,
  kUnix,
  kNone,  ///< no load client: the program has nobody to talk to, or talks to itself
};
const char* demo_transport_name(DemoTransport transport);  ///< "tcp", "udp", "unix", "none"

/// One demo. Everything the runner and the tests need to know, so that neither has a case for a name.
struct Demo {
  std::string_view name;
  std::string_view catalogue{};  ///< its name among the servers (D1..) and cheats (C1..) of docs/claims.md, or empty
  DemoSort sort = DemoSort::kServer;
  DemoTransport transport = DemoTransport::kTcp;
  std::string_view program;                          ///< in demo-servers/: wakepath-NAME, or NAME.py
  std::array<const char*, 4> arguments{};            ///< of the program, besides the common ones; ends at null
  std::array<const char*, 8> load{};                 ///< of the load client, besides the common ones; ends at null
  bool one_at_a_time = false;                        ///< it serves one connection after another
  std::uint64_t connections = 8;                     ///< of `demo all`
  std::uint64_t requests = 4000;                     ///< of `demo all`
  std::uint64_t message_bytes = 64;                  ///< of a request, unless --size says
  double least_complete = 0.999;                     ///< share of requests whose path must be complete
  std::array<std::string_view, 4> wake_functions{};  ///< those a delivery may find a task asleep behind, and no other
  std::string_view shows;                            ///< for `demo list`, one line
  /// What is special about it, as a sentence with measured facts: a fmt pattern over the names of `DemoFacts`
  /// (docs/servers.md lists them), such as "{wakes_per_request:.2f} wakes a request".
  std::string_view special;
};

std::span<const Demo> demo_servers();
std::span<const Demo> demo_controls();
std::span<const Demo> demo_mechanisms();

/// Null: no such demo.
const Demo* find_demo(std::string_view name);

/// Calls `visit` with every demo, in the order they are listed.
template <typename Visit>
void for_each_demo(Visit visit) {
  for (const auto demos : {demo_servers(), demo_controls(), demo_mechanisms()}) {
    for (const Demo& demo : demos) visit(demo);
  }
}

}  // namespace wp::cli
