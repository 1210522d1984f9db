// SPDX-License-Identifier: Apache-2.0
// replay(): the same run again. A step may ask several questions or none, so a path alone does not
// say where a run stops: it takes the number of steps as well.
#pragma once

#include <cstdint>

#include "sim/system.hpp"

namespace sim {
struct Replay {
  std::uint64_t steps = 0;
  bool at_rest = false;   // Nothing can happen after the last step: the world was judged.
  bool diverged = false;  // The path and the run do not fit: another file, version or order.
};

template <System W>
Replay replay(W& world, const Path& path, std::uint64_t steps, TraceSink& sink) {
  ReplayChooser chooser(path);
  Replay result;
  while (result.steps < steps && world.step({.chooser = chooser, .trace = sink})) ++result.steps;
  result.diverged = chooser.diverged() || chooser.used() != path.size() || result.steps != steps;
  FirstChooser first;
  NoTrace quiet;
  W next = world;
  result.at_rest = !next.step({.chooser = first, .trace = quiet});
  if (result.at_rest) world.rest();
  return result;
}
}  // namespace sim
