// SPDX-License-Identifier: Apache-2.0
#pragma once

// Runs that never come to rest, judged: the properties that a run breaks by going round for ever
// although every task that could go on from some time on gets its turn (weak fairness).
//
// One loop, one name. What is begun and never ends in it is, in this order:
//   quiesce_stuck  a revocation without its answer
//   deadlock       tasks that wait for each other, or for nobody, while others go round
//   starvation     a task that could have gone on, again and again, and was passed over
//   fault_stuck    a device's fault that starts over although nothing changes its page
//   livelock       a task that goes round
//   starvation     a task that others keep waiting

#include <vector>

#include "model/world.hpp"
#include "sim/liveness.hpp"

namespace model {

struct Cycle {
  Property property = Property::count;
  sim::LassoPath lasso{};
  std::vector<TaskId> moving{};   // Have begun something and go round.
  std::vector<TaskId> waiting{};  // Have begun something and never get on.
  bool fair_locks_help = false;   // Nobody who can go on again and again is passed over: gone.

  bool operator==(const Cycle&) const = default;
};

struct Cycles {
  std::vector<Cycle>
      found{};           // For each property that is broken so, the loop nearest to the start.
  bool complete = true;  // False: there are more tasks than can be told apart.
};

// Whether such a run can break the property at all.
bool breaks_in_cycles(Property property);

// `graph` is that of a search from `start` that told threads apart and left out no step: not one
// that took symmetric states, or a few steps, for one.
Cycles judge_cycles(const World& start, const sim::StateGraph& graph);

}  // namespace model
