// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Every request, for other programs. Formats and their meaning: docs/exports.md.
#include <memory>
#include <string>
#include <vector>

#include "userspace/base/result.hpp"
#include "userspace/model/model.hpp"
#include "userspace/model/sched.hpp"

namespace wp::report {

/// Appends to `out`, which its owner may write away and clear between calls. begin(), add() for each path, end().
class Exporter {
 public:
  explicit Exporter(std::string& out) : out_(out) {}
  Exporter(const Exporter&) = delete;
  Exporter& operator=(const Exporter&) = delete;
  virtual ~Exporter() = default;

  virtual void begin(const model::RecordingInfo& info) = 0;
  virtual void add(const model::Path& path) = 0;
  /// sched: empty unless wants_sched().
  virtual Result<void> end(const model::Summary& summary, const std::vector<model::SchedEvent>& sched) = 0;
  [[nodiscard]] virtual bool wants_sched() const { return false; }

 protected:
  std::string& out_;
};

std::unique_ptr<Exporter> make_csv(std::string& out);
std::unique_ptr<Exporter> make_chrome(std::string& out);
std::unique_ptr<Exporter> make_folded(std::string& out);
std::unique_ptr<Exporter> make_perfetto(std::string& out);
/// Writes the database itself; `file` must not be there yet.
std::unique_ptr<Exporter> make_sqlite(std::string& out, const std::string& file);
/// The packets of a capture file (classic pcap), those that a request came in with a comment.
std::unique_ptr<Exporter> make_pcapng(std::string& out, std::string capture);

}  // namespace wp::report
