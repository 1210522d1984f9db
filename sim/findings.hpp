// SPDX-License-Identifier: Apache-2.0
// Findings: what a search noticed on its way: where claims broke first, and how runs ended.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "sim/explore_report.hpp"
#include "sim/state_graph.hpp"

namespace sim {
class Findings {
 public:
  // The claims `broken` are broken in this state, which is this many steps from the start.
  void note_broken(std::uint64_t broken, State state, std::uint64_t steps);
  void note_final(State state, std::uint64_t broken, std::uint64_t witnessed);

  // Claims that were seen to be broken.
  std::uint64_t broken() const { return broken_; }

  // Adds all to a report.
  void write(ExploreReport& report, const StateGraph& graph) const;

 private:
  struct Broken {
    State state;
    std::uint64_t steps = 0;
  };
  using Kind = std::pair<std::uint64_t, std::uint64_t>;  // Broken, witnessed.

  std::uint64_t broken_ = 0;
  std::array<Broken, 64> claims_{};
  std::map<Kind, std::vector<State>> finals_;  // In the order in which they were found.
};
}  // namespace sim
