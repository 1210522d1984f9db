// SPDX-License-Identifier: Apache-2.0
// Shows one execution again, from the answers that led to it.
#pragma once

#include "cli/timeline.hpp"
#include "sim/replay.hpp"

namespace cli {

struct Played {
  sim::Replay replay;
  std::uint64_t broken = 0;
  std::uint64_t witnessed = 0;
};

Played play(const Case& what, const sim::Path& path, std::uint64_t steps, TimelineReader& reader);

}  // namespace cli
