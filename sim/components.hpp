// SPDX-License-Identifier: Apache-2.0
// Components: the strongly connected parts of a graph, by Tarjan's algorithm: states that can each
// reach all others of their part.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/state_graph.hpp"

namespace sim {
class Components {
 public:
  // Of what can be reached from the start.
  explicit Components(const StateGraph& graph);

  // Each comes after all others that it leads to.
  std::size_t size() const { return ends_.size(); }
  std::span<const State> operator[](std::size_t component) const {
    const std::size_t begin = component == 0 ? 0 : ends_[component - 1];
    return std::span(states_).subspan(begin, ends_[component] - begin);
  }

 private:
  std::vector<State> states_;
  std::vector<std::size_t> ends_;
};
}  // namespace sim
