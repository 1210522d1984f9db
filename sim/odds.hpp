// SPDX-License-Identifier: Apache-2.0
// Odds: how a system fares from each of its states, if nobody steers it: how probable is it that
// some states are ever reached when each transition of a state is as likely as the others, and can
// they be avoided at all? One backward pass over a complete graph, without sampling. Chances are
// kept as bounds from below and above, in integers: the same with every compiler.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/components.hpp"
#include "sim/state_set.hpp"

namespace sim {
using Chance = std::uint64_t;  // In parts of chance_one.
inline constexpr Chance chance_one = 1'000'000'000'000'000;

class Odds {
 public:
  // The graph is complete. A state of the goal leads to states of the goal only, or to none.
  Odds(const StateGraph& graph, const Components& components, const StateSet& goal);

  static constexpr Chance error_max = chance_one / 1'000'000'000;
  // False: a cycle is left so seldom that chances are not known to error_max.
  bool settled() const { return settled_; }
  // Of reaching the goal from here; chance_one in the goal.
  Chance chance(State state) const;
  // By some way to rest, or by going round for ever. A chance of one may still be avoidable: going
  // round for ever has no chance if each round has a way out.
  bool avoidable(State state) const { return avoidable_[state.index()]; }

 private:
  void add_single(const StateGraph& graph, State state);
  void add_cycle(const StateGraph& graph, std::span<const State> states);
  Chance improve(const StateGraph& graph, State state);

  std::vector<Chance> least_;
  std::vector<Chance> most_;
  std::vector<bool> avoidable_;
  bool settled_ = true;
};
}  // namespace sim
