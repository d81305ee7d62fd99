// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// The whole analysis, wired once: bytes -> events -> order -> paths.
#include <functional>
#include <string>
#include <utility>

#include "userspace/base/result.hpp"
#include "userspace/model/evidence.hpp"
#include "userspace/model/model.hpp"
#include "userspace/model/sched.hpp"
#include "userspace/model/timeline.hpp"

namespace wp::cli {

struct Analysis {
  model::RecordingInfo info;
  model::Summary summary;
};

/// Reads a recording to its end and gives every path to `sink`, in the order of their ids. Damage, loss
/// and a missing end are no failure: they are in the summary.
/// `slices`, where given, gets what CPUs, threads and sockets did meanwhile; those of a lane in order of their ends.
Result<Analysis> analyse(const std::string& file, const std::function<void(const model::Path&)>& sink,
                         const std::function<void(const model::TimelineSlice&)>& slices = {});

/// Recorded with --detail timeline.
bool has_timeline(const model::RecordingInfo& info);

/// What a recording's header says.
Result<model::RecordingInfo> describe_recording(const std::string& file);
/// What the scheduler did, as far as it was recorded; all of it in memory.
Result<std::vector<model::SchedEvent>> sched_events(const std::string& file);

/// The same, and what the recording holds about how its threads spend their time.
Result<std::pair<Analysis, model::Evidence>> analyse_with_evidence(
    const std::string& file, const std::function<void(const model::Path&)>& sink,
    const std::function<void(const model::TimelineSlice&)>& slices = {});

}  // namespace wp::cli
