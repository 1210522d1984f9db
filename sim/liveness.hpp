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

#include "sim/chooser.hpp"
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

// Takes the transitions from state to state, which need not be the first ways there.
template <System W>
LassoPath path_of(const W& start, const StateGraph& graph, const Lasso& lasso) {
  LassoPath result{.path = graph.path_to(lasso.entry)};
  result.stem_steps = graph.steps_to(lasso.entry);
  result.steps = result.stem_steps + lasso.loop.size();
  NoTrace quiet;
  W world = start;
  ReplayChooser stem(result.path);
  for (std::uint64_t i = 0; i < result.stem_steps; ++i) {
    check(world.step({.chooser = stem, .trace = quiet}));
  }
  check(!stem.diverged() && stem.used() == result.path.size());
  for (const Transition& transition : lasso.loop) {
    ExhaustiveChooser chooser;
    W next = world;
    check(next.step({.chooser = chooser, .trace = quiet}));
    for (std::uint32_t i = 0; i < transition.number; ++i) {
      check(chooser.advance());
      next = world;
      check(next.step({.chooser = chooser, .trace = quiet}));
    }
    const Path& answers = chooser.answers();
    result.path.insert(result.path.end(), answers.begin(), answers.end());
    world = next;
  }
  return result;
}
}  // namespace sim
