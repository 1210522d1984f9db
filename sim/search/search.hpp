// SPDX-License-Identifier: Apache-2.0
// search(): visits every reachable state of a transition system, and counts. See
// docs/packed-search.md.
#pragma once

#include "sim/search/breadth_search.hpp"
#include "sim/search/compact_shard.hpp"
#include "sim/search/deepening_search.hpp"
#include "sim/search/exact_shard.hpp"
#include "sim/search/options.hpp"
#include "sim/search/shortest_path.hpp"
#include "sim/transition_system.hpp"

namespace sim {
// Searches anew, exactly, as far as the goal.
template <TransitionSystem S>
std::optional<StepPath> shortest_path(const S& system, Goal goal, const SearchOptions& options) {
  LoneWorker lone_worker;
  Crew& crew = options.crew == nullptr ? lone_worker : *options.crew;
  const SearchOptions to_goal{.stop_at_violation = goal == Goal::violation,
                              .stop_at_deadlock = goal == Goal::deadlock,
                              .states_max = options.states_max,
                              .bytes_max = options.bytes_max,
                              .stop = options.stop,
                              .crew = &crew};
  BreadthSearch<S, ExactShard> search(system, to_goal);
  const SearchResult found = search.run();
  const bool reached = found.ended == (goal == Goal::violation ? SearchEnded::at_violation
                                                               : SearchEnded::at_deadlock);
  if (!reached) return std::nullopt;
  return ShortestPath<S>(system, search.shards(), crew).find(goal, found.depth);
}

// Finds paths in the levels that it has gone through.
template <TransitionSystem S>
SearchResult search_with_levels(const S& system, const SearchOptions& options) {
  BreadthSearch<S, ExactShard> search(system, options);
  SearchResult result = search.run();
  if (!options.find_paths) return result;
  LoneWorker lone_worker;
  Crew& crew = options.crew == nullptr ? lone_worker : *options.crew;
  ShortestPath<S> paths(system, search.shards(), crew);
  if (result.steps != 0) result.violation_path = paths.find(Goal::violation, result.steps - 1);
  if (result.deadlocks != 0)
    result.deadlock_path = paths.find(Goal::deadlock, result.deadlock_steps);
  return result;
}

template <TransitionSystem S>
SearchResult search_without_paths(const S& system, const SearchOptions& options) {
  if (options.order == SearchOrder::depth) return DeepeningSearch<S>(system, options).run();
  if (options.store == Store::compact) return BreadthSearch<S, CompactShard>(system, options).run();
  return BreadthSearch<S, ExactShard>(system, options).run();
}

template <TransitionSystem S>
SearchResult search(const S& system, const SearchOptions& options = {}) {
  if constexpr (!PartOfWhole<S>) {
    const bool has_levels = options.order == SearchOrder::breadth && options.store == Store::exact;
    if (has_levels) return search_with_levels(system, options);
  }
  SearchResult result = search_without_paths(system, options);
  if (!options.find_paths) return result;
  if (result.violations != 0)
    result.violation_path = shortest_path(whole_of(system), Goal::violation, options);
  if (result.deadlocks != 0)
    result.deadlock_path = shortest_path(whole_of(system), Goal::deadlock, options);
  return result;
}
}  // namespace sim
