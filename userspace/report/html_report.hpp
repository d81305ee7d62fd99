// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// The report as one HTML file that needs nothing else: page, style and program are embedded at build time, the data
// follows compressed. See docs/html-report.md.
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "userspace/base/result.hpp"
#include "userspace/report/histogram.hpp"
#include "userspace/report/html_requests.hpp"
#include "userspace/report/html_timeline.hpp"

namespace wp::report {

/// Which requests are kept where there are more than shall be: all from the 99th percentile up, and of the rest every
/// nth.
class RequestChoice {
 public:
  explicit RequestChoice(std::uint64_t most) : most_(most) {}

  void on_path(const model::Path& path);  ///< first reading
  void choose();
  [[nodiscard]] bool keeps(const model::Path& path) const;  ///< second reading
  [[nodiscard]] std::uint64_t every() const { return every_; }
  [[nodiscard]] std::uint64_t slow_from_ns() const { return slow_from_ns_; }

 private:
  std::uint64_t most_, paths_ = 0, every_ = 1, slow_from_ns_ = ~0ULL;
  Histogram totals_;
};

struct HtmlInput {
  nlohmann::json report;          ///< summary_json()
  nlohmann::json classification;  ///< of its servers, by docs/schema/classify.json
  std::string file;               ///< what the user called the recording; raw bytes
  bool detailed = false;          ///< recorded with --detail timeline
  std::uint64_t base_ns = 0, end_ns = 0;
  const model::Summary* summary = nullptr;
  const RequestChoice* choice = nullptr;
  const TimelineWindows* windows = nullptr;
  const HtmlRequests* requests = nullptr;
  const HtmlTimeline* timeline = nullptr;
};

/// Writes the page piece by piece; `write` returns false once nobody takes any more.
Result<void> write_html(const HtmlInput& input, const std::function<bool(std::string_view)>& write);

/// The embedded page, with the sign @DATA@ where the data goes.
std::string_view html_page();

}  // namespace wp::report
