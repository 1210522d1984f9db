// SPDX-License-Identifier: Apache-2.0
#include "sim/components.hpp"

#include <algorithm>
#include <limits>

namespace sim {
namespace {
constexpr std::uint32_t unseen = 0;
constexpr std::uint32_t closed = std::numeric_limits<std::uint32_t>::max();

struct Visit {
  State state;
  std::uint32_t next = 0;  // The transition to follow next.
};
}  // namespace

// Without recursion, which a graph of some depth would end. low[s] is the number of the earliest
// open state that is known to be reachable from s; `closed` once its component is complete.
Components::Components(const StateGraph& graph) {
  std::vector<std::uint32_t> low(graph.size(), unseen);
  std::vector<std::uint32_t> number(graph.size(), unseen);
  std::vector<State> open;
  std::vector<Visit> visits;
  std::uint32_t count = 0;
  const auto enter = [&](State state) {
    low[state.index()] = number[state.index()] = ++count;
    open.push_back(state);
    visits.push_back({.state = state});
  };
  if (graph.size() > 0) enter(State{0});
  while (!visits.empty()) {
    const State state = visits.back().state;
    const auto targets = graph.targets_of(state);
    if (visits.back().next < targets.size()) {
      const State to = targets[visits.back().next++];
      if (low[to.index()] == unseen) {
        enter(to);
      } else if (low[to.index()] != closed) {
        low[state.index()] = std::min(low[state.index()], number[to.index()]);
      }
      continue;
    }
    visits.pop_back();
    const std::uint32_t reached = low[state.index()];
    if (reached == number[state.index()]) {
      State member;
      do {
        member = open.back();
        open.pop_back();
        low[member.index()] = closed;
        states_.push_back(member);
      } while (member != state);
      ends_.push_back(states_.size());
    }
    if (!visits.empty() && low[state.index()] != closed) {
      std::uint32_t& parent = low[visits.back().state.index()];
      parent = std::min(parent, reached);
    }
  }
}
}  // namespace sim
