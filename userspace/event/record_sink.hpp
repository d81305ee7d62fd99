// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Where records go as bytes: from the rings to a file, without the one knowing the other.
#include "userspace/base/result.hpp"
#include "userspace/event/decode.hpp"

namespace wp::event {

class RecordSink {
 public:
  RecordSink() = default;
  RecordSink(const RecordSink&) = delete;
  RecordSink& operator=(const RecordSink&) = delete;
  virtual ~RecordSink() = default;

  /// One or more whole records.
  virtual Result<void> append(Bytes records) = 0;
  /// What was appended is to reach its place now; called at least every 100 ms.
  virtual Result<void> flush() = 0;
};

}  // namespace wp::event
