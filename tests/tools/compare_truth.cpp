// SPDX-License-Identifier: GPL-2.0-or-later
// A recording against the logs of a server and a client that ran on different machines: usage RECORDING CLIENT SERVER.
// Prints JSON: verdicts; for every way that packets came, how many complete paths begin there; and how many paths have
// which trait (see count_traits). Status 0 if the recording agrees with the logs.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "userspace/cli/pipeline.hpp"
#include "userspace/truth/comparer.hpp"

namespace {

/// Where a path begins: "irq virtio0-input.0 irq_exit", or what is seen first instead. Of a packet that TCP appended to
/// another in the socket's backlog no more is known than that.
std::string beginning(const wp::model::Path& path) {
  using wp::model::Stage;
  if (!wp::model::is_complete(path))
    return path.at(Stage::kStack).why == wp::model::Reason::kFromBacklog ? "appended in the backlog" : "incomplete";
  if (path.at(Stage::kIrq).has_time())
    return "irq " + path.arrival.irq_name.str() + " " + path.arrival.softirq_how.str();
  return "no irq, " + path.arrival.softirq_how.str();
}

/// An interrupt with a time, over an idle CPU; merged frames; passed on by further devices; another CPU after the
/// driver; out of the backlog; and who took the packet from the card.
void count_traits(const wp::model::Path& path, std::map<std::string, std::uint64_t>& traits) {
  using wp::model::Stage;
  const wp::model::Arrival& arrival = path.arrival;
  const auto& driver = path.at(Stage::kDriver);
  const auto& stack = path.at(Stage::kStack);
  const bool irq = path.at(Stage::kIrq).has_time();
  traits["irq"] += irq;
  traits["over_idle"] += irq && arrival.irq_over == "idle";
  traits["merged"] += arrival.frames > 1;
  traits["forwarded"] += arrival.forwarded;
  traits["steered"] += driver.has_time() && stack.has_time() && driver.cpu != stack.cpu;
  traits["backlog"] += arrival.backlog;
  if (!arrival.softirq_how.empty()) ++traits[arrival.softirq_how];
}

int compare(const std::string& recording, const std::string& client, const std::string& server) {
  auto comparer = wp::truth::Comparer::load(client, server, 10, true);
  if (!comparer) {
    std::fprintf(stderr, "%s\n", comparer.error().message.c_str());
    return 1;
  }
  std::map<std::string, std::uint64_t> beginnings;
  std::map<std::string, std::uint64_t> traits;
  std::uint64_t paths = 0;
  const auto analysis = wp::cli::analyse(recording, [&](const wp::model::Path& path) {
    comparer->on_path(path);
    ++beginnings[beginning(path)];
    count_traits(path, traits);
    ++paths;
  });
  if (!analysis) {
    std::fprintf(stderr, "%s\n", analysis.error().message.c_str());
    return 1;
  }
  const wp::truth::Verdict verdict = comparer->finish();
  const wp::truth::Counts& c = verdict.counts;
  const nlohmann::json told{{"requests", c.requests},
                            {"complete", c.complete},
                            {"partial", c.partial},
                            {"missing", c.missing},
                            {"wrong", c.wrong},
                            {"stray", c.stray},
                            {"contradictions", verdict.contradictions},
                            {"explanations", verdict.explanations},
                            {"beginnings", beginnings},
                            {"paths", paths},
                            {"counts", traits}};
  std::printf("%s\n", told.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  return verdict.holds() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: wp_compare_truth RECORDING CLIENT_LOG SERVER_LOG\n");
    return 2;
  }
  return compare(argv[1], argv[2], argv[3]);
}
