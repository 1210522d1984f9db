// SPDX-License-Identifier: Apache-2.0
// Course: what a way to a broken claim is worth knowing for: how probable the end is after each of
// its steps, which step decides it, and how near a way out was.
#pragma once

#include <optional>
#include <vector>

#include "sim/odds.hpp"
#include "sim/shortest_way.hpp"

namespace sim {
struct Course {
  std::vector<Chance> chances{};  // Of the end, before the first step and after each.
  // The first step after which the end cannot be avoided; 0: not even from the start.
  std::uint64_t decided_at = 0;
  // Another way on from before that step, to rest; none if there is no such way, for example
  // because all ways out go round for ever. After decided_at - 1 steps that both have in common.
  std::optional<Way> way_out{};
};

// The graph is complete. `goal` is where the way ends, and all states like it.
Course course_of(const StateGraph& graph, const Odds& odds, const Way& way, const StateSet& goal);
}  // namespace sim
