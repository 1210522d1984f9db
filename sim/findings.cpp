// SPDX-License-Identifier: Apache-2.0
#include "sim/findings.hpp"

#include <bit>
#include <limits>

namespace sim {
namespace {
std::uint64_t saturating_sum(std::uint64_t left, std::uint64_t right) {
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  return left > most - right ? most : left + right;
}
}  // namespace

// A claim that breaks at rest is noticed one level later than one that breaks in a step.
void Findings::note_broken(std::uint64_t broken, State state, std::uint64_t steps) {
  for (std::uint64_t left = broken; left != 0; left &= left - 1) {
    Broken& claim = claims_[static_cast<std::size_t>(std::countr_zero(left))];
    if (!claim.state.some() || steps < claim.steps) claim = {.state = state, .steps = steps};
  }
  broken_ |= broken;
}

void Findings::note_final(State state, std::uint64_t broken, std::uint64_t witnessed) {
  finals_[{broken, witnessed}].push_back(state);
}

void Findings::write(ExploreReport& report, const StateGraph& graph) const {
  for (unsigned claim = 0; claim < claims_.size(); ++claim) {
    if (!claims_[claim].state.some()) continue;
    report.counterexamples.push_back({.claim = claim,
                                      .path = graph.path_to(claims_[claim].state),
                                      .steps = claims_[claim].steps});
  }
  const PathCounts paths = graph.count_paths();
  report.unbounded = paths.cyclic;
  for (const auto& [kind, states] : finals_) {
    FinalClass alike{.broken = kind.first, .witnessed = kind.second};
    for (const State state : states)
      alike.executions = saturating_sum(alike.executions, paths.to[state.index()]);
    alike.path = graph.path_to(states.front());
    alike.steps = graph.steps_to(states.front());
    alike.states = states;
    report.finals += states.size();
    report.executions = saturating_sum(report.executions, alike.executions);
    report.finals_by_class.push_back(std::move(alike));
  }
}
}  // namespace sim
