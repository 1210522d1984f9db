// SPDX-License-Identifier: Apache-2.0
// ShortestPath: among the shortest ways to a violation or a deadlock the one with the fewest
// context switches; among those the earliest by threads and choices. No parents are stored: the
// levels of an exact search of all states are expanded again, from the last to the first, and what
// leads on is kept with the fewest switches that are still needed.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "sim/check.hpp"
#include "sim/crew.hpp"
#include "sim/search/exact_shard.hpp"
#include "sim/search/hash.hpp"
#include "sim/search/path.hpp"
#include "sim/transition_system.hpp"

namespace sim {
template <TransitionSystem S>
class ShortestPath {
 public:
  using State = typename S::State;
  using Shards = std::vector<ExactShard<State>>;

  // Of a search that has gone at least as far as the goal.
  ShortestPath(const S& system, const Shards& shards, Crew& crew)
      : system_(system), shards_(shards), crew_(crew) {}

  // To a goal that is reached from a state of level `last`, or is one of its states.
  StepPath find(Goal goal, std::size_t last) {
    levels_.clear();
    for (std::size_t level = 0; level <= last; ++level) levels_.emplace_back();
    keep(last, [&](const State& state) { return at_goal(state, goal); });
    for (std::size_t level = last; level > 0; --level) {
      const Kept& behind = levels_[level];
      keep(level - 1, [&](const State& state) { return towards(state, behind); });
    }
    return walk(goal);
  }

 private:
  // The fewest switches from a state to the goal, if this thread goes first.
  using Switches = std::array<std::uint16_t, S::thread_count>;
  static constexpr std::uint16_t never = 0xffff;

  struct Kept {
    ExactShard<State> states{ShardOptions{}};
    std::vector<Switches> switches{};

    const Switches* find(const State& state) const {
      const auto number = states.find(state, states.key_of(hash_of(state)));
      return number ? &switches[*number] : nullptr;
    }
  };

  static Switches nowhere() {
    Switches none;
    none.fill(never);
    return none;
  }
  // With `thread` having gone last.
  static std::uint16_t least(const Switches& switches, std::size_t thread) {
    std::uint16_t best = switches[thread];
    for (const std::uint16_t each : switches)
      if (each < best) best = std::min<std::uint16_t>(best, each + 1U);
    return best;
  }

  // Looks at a level by look(state) -> Switches, and keeps those from which the goal is reached.
  template <class Look>
  void keep(std::size_t level, Look&& look) {
    std::array<std::vector<std::pair<State, Switches>>, shard_count> found;
    crew_.run(shard_count, [&](std::size_t i) {
      const ExactShard<State>& shard = shards_[i];
      const std::size_t first = shard.first_of(level);
      for (std::size_t at = first; at < first + shard.level_size(level); ++at) {
        const Switches switches = look(shard[at]);
        if (switches != nowhere()) found[i].push_back({shard[at], switches});
      }
    });
    Kept& kept = levels_[level];
    for (const auto& each : found) {
      for (const auto& [state, switches] : each) {
        kept.states.insert(state, kept.states.key_of(hash_of(state)), {});
        kept.switches.push_back(switches);
      }
    }
  }

  Switches at_goal(const State& state, Goal goal) const {
    Switches switches = nowhere();
    bool moves = false;
    for (std::size_t thread = 0; thread < S::thread_count; ++thread) {
      system_.move(state, thread, [&](const State&, Outcome outcome) {
        moves = true;
        if (goal == Goal::violation && outcome == Outcome::violates) switches[thread] = 0;
      });
    }
    // Nothing is to be done any more, by whomever.
    if (goal == Goal::deadlock && !moves && !system_.may_end(state)) switches.fill(0);
    return switches;
  }

  Switches towards(const State& state, const Kept& behind) const {
    Switches switches = nowhere();
    for (std::size_t thread = 0; thread < S::thread_count; ++thread) {
      system_.move(state, thread, [&](const State& next, Outcome outcome) {
        if (outcome == Outcome::violates) return;
        if (const Switches* rest = behind.find(next))
          switches[thread] = std::min(switches[thread], least(*rest, thread));
      });
    }
    return switches;
  }

  StepPath walk(Goal goal) const {
    StepPath path;
    State state = system_.start();
    const std::size_t steps = levels_.size() - (goal == Goal::deadlock ? 1 : 0);
    for (std::size_t i = 0; i < steps; ++i) state = take_best(state, path);
    return path;
  }

  // The first of the steps that need the fewest switches.
  State take_best(const State& state, StepPath& path) const {
    const bool last = path.size() + 1 == levels_.size();
    State best_next = state;
    PathStep best;
    std::uint32_t best_switches = never;
    for (std::uint32_t thread = 0; thread < S::thread_count; ++thread) {
      const std::uint32_t here = path.empty() || path.back().thread == thread ? 0 : 1;
      std::uint32_t choice = 0;
      system_.move(state, thread, [&](const State& next, Outcome outcome) {
        const std::uint32_t switches =
            here + rest_of(next, outcome, thread, last ? nullptr : &levels_[path.size() + 1]);
        if (switches < best_switches) {
          best_switches = switches;
          best = {thread, choice};
          best_next = next;
        }
        ++choice;
      });
    }
    check(best_switches < never);
    path.push_back(best);
    return best_next;
  }

  std::uint32_t rest_of(const State& next, Outcome outcome, std::size_t thread,
                        const Kept* behind) const {
    if (behind == nullptr) return outcome == Outcome::violates ? 0 : never;
    if (outcome == Outcome::violates) return never;
    const Switches* rest = behind->find(next);
    return rest == nullptr ? never : least(*rest, thread);
  }

  const S& system_;
  const Shards& shards_;
  Crew& crew_;
  std::vector<Kept> levels_;  // Of each, the states on a shortest way.
};
}  // namespace sim
