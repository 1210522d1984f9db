// SPDX-License-Identifier: Apache-2.0
// Runs that go round for ever, found in the graph of a search: an obligation stays pending although
// the scheduler is fair. Such a run is shown as a lasso: a way into a loop (stem), and the loop.
//
// Fairness is of actors. Weak: who is enabled from some state on for ever, gets to move. Strong:
// who is enabled again and again, gets to move; so behave locks that serve in order of arrival.
// Invariant: a component is found exactly if some fair run visits each of its states for ever.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/check.hpp"
#include "sim/chooser.hpp"
#include "sim/shortest_way.hpp"
#include "sim/state_graph.hpp"
#include "sim/system.hpp"

namespace sim {
enum class Fairness : std::uint8_t { none, weak, strong };

// Which runs are looked for: in each state all of these obligations are pending, and no step is
// taken by these actors, whose steps are the progress.
struct Stuck {
  std::uint64_t pending = 0;
  std::vector<ActorId> without{};
};

// States that reach each other by steps among themselves. All lists ascend.
struct Component {
  std::vector<State> states{};
  std::vector<ActorId> movers{};     // Who takes such a step.
  std::vector<ActorId> sometimes{};  // Who could move in some of the states,
  std::vector<ActorId> always{};     // and in all of them.
  std::uint64_t pending = 0;         // In all of them.
};

// In the order of their first states. Weak and none: largest ones. Strong: largest ones in which
// everybody who can move does.
std::vector<Component> fair_components(const StateGraph& graph, const Stuck& stuck,
                                       Fairness fairness);

struct Transition {
  State from;
  std::uint32_t number = 0;  // Among those of its state.
};

// Goes round from `entry`: the state of the component that is nearest to the start.
struct Lasso {
  State entry;
  std::vector<Transition> loop;
};

// A short loop, not always a shortest one, that is fair by itself.
Lasso lasso_in(const StateGraph& graph, const Component& component, const Stuck& stuck,
               Fairness fairness);

// A lasso as answers: the stem and the loop once, which leads to the state where it began.
struct LassoPath {
  Path path{};
  std::uint64_t steps = 0;
  std::uint64_t stem_steps = 0;

  bool operator==(const LassoPath&) const = default;
};

// The graph was made from this start.
template <System W>
LassoPath path_of(const W& start, const StateGraph& graph, const Lasso& lasso) {
  StateSet entry(graph.size());
  entry.add(lasso.entry);
  const auto stem = shortest_way(graph, entry);
  check(stem.has_value());
  std::vector<std::uint32_t> ordinals = stem->ordinals;
  for (const Transition& transition : lasso.loop) ordinals.push_back(transition.number);
  return {.path = answers_along(start, ordinals),
          .steps = ordinals.size(),
          .stem_steps = stem->steps()};
}
}  // namespace sim
