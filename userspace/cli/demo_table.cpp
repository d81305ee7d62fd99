// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/cli/demo_table.hpp"

namespace wp::cli {

const char* demo_sort_name(DemoSort sort) {
  switch (sort) {
    case DemoSort::kServer: return "server";
    case DemoSort::kControl: return "control";
    case DemoSort::kMechanism: return "mechanism";
  }
  return "unknown";
}

const char* demo_transport_name(DemoTransport transport) {
  switch (transport) {
    case DemoTransport::kTcp: return "tcp";
    case DemoTransport::kUdp: return "udp";
    case DemoTransport::kUnix: return "unix";
    case DemoTransport::kNone: return "none";
  }
  return "unknown";
}

const Demo* find_demo(std::string_view name) {
  const Demo* found = nullptr;
  for_each_demo([&](const Demo& demo) {
    if (demo.name == name) found = &demo;
  });
  return found;
}

}  // namespace wp::cli
