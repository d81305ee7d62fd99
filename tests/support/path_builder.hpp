// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Paths for tests of the reports, written stage by stage.
#include <cstdint>

#include "userspace/model/model.hpp"

namespace wp::test {

/// Starts with every stage unknown, and a reader and a socket that look like a small TCP server on loopback.
class PathBuilder {
 public:
  PathBuilder();

  PathBuilder& at(model::Stage stage, std::uint64_t ts_ns, std::int32_t cpu = 0);
  PathBuilder& inferred(model::Stage stage, std::uint64_t ts_ns, model::Reason rule);
  PathBuilder& without(model::Stage stage, model::Seen seen, model::Reason why);

  model::Path path;
};

/// Complete, over loopback, woken by epoll: from the driver at 1,000,000 ns to done at 1,020,000 ns.
PathBuilder loopback_path();
/// Complete, over a network card with an interrupt: 1,000,000 ns to 1,050,000 ns.
PathBuilder card_path();
/// The same path at another time.
model::Path shifted(model::Path path, std::uint64_t by_ns);

}  // namespace wp::test
