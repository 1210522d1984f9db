// SPDX-License-Identifier: Apache-2.0
// simulate(): one run of a world with any chooser.
#pragma once

#include <cstdint>

#include "sim/system.hpp"

namespace sim {
struct Run {
  std::uint64_t steps = 0;
  bool at_rest = false;  // False: cut off after steps_max steps, and not judged.
};

template <System W>
Run simulate(W& world, Turn turn, std::uint64_t steps_max) {
  for (std::uint64_t steps = 0; steps < steps_max; ++steps) {
    if (world.step(turn)) continue;
    world.rest();
    return {.steps = steps, .at_rest = true};
  }
  return {.steps = steps_max, .at_rest = false};
}
}  // namespace sim
