// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// What a demo found, for people and for programs.
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "userspace/cli/demo_run.hpp"
#include "userspace/model/model.hpp"
#include "userspace/report/summary.hpp"
#include "userspace/truth/comparer.hpp"

namespace wp::cli {

/// How the server waited, by the kernel's own wait queues: deliveries that found a task asleep.
class WitnessCount {
 public:
  void add(const model::Path& path);
  [[nodiscard]] std::uint64_t waiting() const { return waiting_; }
  [[nodiscard]] const std::map<std::string, std::uint64_t>& by_function() const { return by_function_; }

 private:
  std::uint64_t waiting_ = 0;
  std::map<std::string, std::uint64_t> by_function_;
};

struct DemoFindings {
  DemoPlan plan;
  DemoRun run;
  model::RecordingInfo info;
  model::Summary summary;
  truth::Verdict verdict;
  report::Report report;
  WitnessCount witness;
};

/// What contradicts the demo's row or the ground truth, one line each; empty: it is what it should be.
std::vector<std::string> demo_problems(const DemoFindings& findings, const nlohmann::json& facts);

Result<nlohmann::json> demo_json(const DemoFindings& findings);
/// The report of the recording, and how it compares with the truth.
std::string demo_text(const DemoFindings& findings, const report::Style& style);

}  // namespace wp::cli
