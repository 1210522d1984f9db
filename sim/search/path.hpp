// SPDX-License-Identifier: Apache-2.0
// A way through a transition system, as those who present it need it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/transition_system.hpp"

namespace sim {
struct PathStep {
  std::uint32_t thread = 0;
  std::uint32_t choice = 0;  // Which call of visit() by move(), from 0.
  auto operator<=>(const PathStep&) const = default;
};
using StepPath = std::vector<PathStep>;

enum class Goal : std::uint8_t { violation, deadlock };

inline std::size_t context_switches(const StepPath& path) {
  std::size_t count = 0;
  for (std::size_t i = 1; i < path.size(); ++i)
    if (path[i].thread != path[i - 1].thread) ++count;
  return count;
}

// Calls visit(step, next, outcome) for each step of the path from the start. False: the system does
// not have such a step.
template <TransitionSystem S, class Visit>
bool follow(const S& system, const StepPath& path, Visit&& visit) {
  typename S::State state = system.start();
  for (const PathStep& step : path) {
    std::uint32_t choice = 0;
    bool taken = false;
    const typename S::State from = state;
    system.move(from, step.thread, [&](const typename S::State& next, Outcome outcome) {
      if (choice++ != step.choice) return;
      taken = true;
      state = next;
      visit(step, next, outcome);
    });
    if (!taken) return false;
  }
  return true;
}
}  // namespace sim
