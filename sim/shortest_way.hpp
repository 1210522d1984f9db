// SPDX-License-Identifier: Apache-2.0
// shortest_way(): of all ways from the start to some states the one that is easiest to read: as few
// steps as possible, then as few changes of the actor between steps, then the earliest in the order
// of the transitions of each state.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/state_set.hpp"
#include "sim/system.hpp"

namespace sim {
struct Way {
  std::vector<State> states{};            // From the start: one more than there are steps.
  std::vector<std::uint32_t> ordinals{};  // Of each step: which transition of its state.
  std::uint64_t switches = 0;             // How often the next step is another actor's.
  std::uint64_t steps() const { return ordinals.size(); }
};

// None if no state of the goal can be reached. In a graph that is not complete, ways through what
// was not expanded are not known.
std::optional<Way> shortest_way(const StateGraph& graph, const StateSet& goal,
                                State start = State{0});

// The answers that lead along these transitions. The graph was made from this start, and holds
// every transition of its states.
template <System W>
Path answers_along(const W& start, const std::vector<std::uint32_t>& ordinals) {
  NoTrace quiet;
  Path path;
  W world = start;
  for (const std::uint32_t ordinal : ordinals) {
    ExhaustiveChooser chooser;
    W next = world;
    check(next.step({.chooser = chooser, .trace = quiet}));
    for (std::uint32_t i = 0; i < ordinal; ++i) {
      check(chooser.advance());
      next = world;
      check(next.step({.chooser = chooser, .trace = quiet}));
    }
    path.insert(path.end(), chooser.answers().begin(), chooser.answers().end());
    world = std::move(next);
  }
  return path;
}
}  // namespace sim
