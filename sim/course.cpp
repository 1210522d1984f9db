// SPDX-License-Identifier: Apache-2.0
#include "sim/course.hpp"

#include <algorithm>

namespace sim {
namespace {
StateSet rests_outside(const StateGraph& graph, const StateSet& goal) {
  StateSet set(graph.size());
  for (std::uint32_t i = 0; i < graph.size(); ++i)
    if (graph.targets_of(State{i}).empty() && !goal.contains(State{i})) set.add(State{i});
  return set;
}
}  // namespace

Course course_of(const StateGraph& graph, const Odds& odds, const Way& way, const StateSet& goal) {
  Course course;
  for (const State state : way.states) course.chances.push_back(odds.chance(state));
  const auto decided =
      std::ranges::find_if(way.states, [&](State state) { return !odds.avoidable(state); });
  course.decided_at = static_cast<std::uint64_t>(decided - way.states.begin());
  if (course.decided_at == 0) return course;
  course.way_out = shortest_way(graph, rests_outside(graph, goal), *(decided - 1));
  return course;
}
}  // namespace sim
