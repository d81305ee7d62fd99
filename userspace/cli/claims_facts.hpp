// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Raw counts of one run of a bundled server, under the names of the catalogue's vocabulary.
#include "userspace/cli/demo_report.hpp"
#include "userspace/judge/batch.hpp"
#include "userspace/model/evidence.hpp"

namespace wp::cli {

/// Counts over the requests of a recording.
class PathCounts {
 public:
  void add(const model::Path& path);
  void put_into(judge::Facts& facts) const;

 private:
  judge::Facts counts_;
};

/// What the load and the kernel's books say; there without a recording too.
void add_load_facts(const DemoRun& run, std::uint64_t asked, judge::Facts& facts);
/// What the recording says besides its requests: the counts of `demo all`, and those of threads.
void add_recorded_facts(const DemoFindings& findings, const model::Evidence& evidence, judge::Facts& facts);
/// Only what a quantity or a gate is made of stays.
void keep_known(judge::Facts& facts);

/// The thread that serves: it read or accepted most. Null: none did, and the server's first thread is not known.
const model::ThreadEvidence* serving_thread(const model::Evidence& evidence, pid_t server);

}  // namespace wp::cli
