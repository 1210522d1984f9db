// SPDX-License-Identifier: Apache-2.0
// StateSet: some of the states of a graph, such as those in which a claim is broken.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "sim/state_graph.hpp"

namespace sim {
class StateSet {
 public:
  explicit StateSet(std::size_t states) : in_(states) {}

  void add(State state) { in_[state.index()] = true; }
  bool contains(State state) const { return in_[state.index()]; }

 private:
  std::vector<bool> in_;
};

// The states in which this claim is broken.
inline StateSet states_broken(const StateGraph& graph, unsigned claim) {
  StateSet set(graph.size());
  for (std::uint32_t i = 0; i < graph.size(); ++i)
    if (((graph.broken_in(State{i}) >> claim) & 1) != 0) set.add(State{i});
  return set;
}
}  // namespace sim
