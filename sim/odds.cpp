// SPDX-License-Identifier: Apache-2.0
#include "sim/odds.hpp"

#include <algorithm>
#include <limits>

#include "sim/check.hpp"

namespace sim {
namespace {
// A small cycle may take many rounds, a large one must do with few.
constexpr std::size_t rounds_min = 1'000;
constexpr std::size_t visits_max = 50'000'000;
// So that a sum of chances fits.
constexpr std::size_t targets_max = std::numeric_limits<Chance>::max() / chance_one;

bool leads_to_itself(const StateGraph& graph, State state) {
  return std::ranges::find(graph.targets_of(state), state) != graph.targets_of(state).end();
}

// Whether a step leads out of a component, given its states in order.
bool has_exit(const StateGraph& graph, std::span<const State> sorted) {
  return std::ranges::any_of(sorted, [&](State state) {
    return std::ranges::any_of(graph.targets_of(state),
                               [&](State to) { return !std::ranges::binary_search(sorted, to); });
  });
}
}  // namespace

Odds::Odds(const StateGraph& graph, const Components& components, const StateSet& goal)
    : least_(graph.size()), most_(graph.size()), avoidable_(graph.size()) {
  for (std::size_t i = 0; i < components.size(); ++i) {
    const std::span<const State> states = components[i];
    if (goal.contains(states.front())) {
      for (const State state : states) least_[state.index()] = most_[state.index()] = chance_one;
    } else if (states.size() == 1 && !leads_to_itself(graph, states.front())) {
      add_single(graph, states.front());
    } else {
      add_cycle(graph, states);
    }
  }
}

Chance Odds::chance(State state) const {
  return least_[state.index()] + (most_[state.index()] - least_[state.index()]) / 2;
}

// Takes both bounds of a state from those of its targets; returns how far they are apart.
Chance Odds::improve(const StateGraph& graph, State state) {
  const auto targets = graph.targets_of(state);
  check(!targets.empty() && targets.size() < targets_max);
  Chance least = 0;
  Chance most = targets.size() - 1;  // Rounds up.
  for (const State to : targets) {
    least += least_[to.index()];
    most += most_[to.index()];
  }
  least_[state.index()] = least / targets.size();
  most_[state.index()] = most / targets.size();
  return most_[state.index()] - least_[state.index()];
}

void Odds::add_single(const StateGraph& graph, State state) {
  const auto targets = graph.targets_of(state);
  const auto can_avoid = [this](State to) { return avoidable_[to.index()]; };
  avoidable_[state.index()] = targets.empty() || std::ranges::any_of(targets, can_avoid);
  if (!targets.empty()) settled_ = improve(graph, state) <= error_max && settled_;
}

// Bounds from below and above, both of which come closer to the only solution with each round,
// since each state has a way out of the cycle. Without a way out the goal is never reached.
void Odds::add_cycle(const StateGraph& graph, std::span<const State> states) {
  std::vector<State> sorted(states.begin(), states.end());
  std::ranges::sort(sorted);
  for (const State state : sorted) avoidable_[state.index()] = true;
  if (!has_exit(graph, sorted)) return;
  for (const State state : sorted) most_[state.index()] = chance_one;
  Chance error = chance_one;
  const std::size_t rounds = std::max(rounds_min, visits_max / states.size());
  for (std::size_t round = 0; round < rounds && error > error_max / 2; ++round) {
    error = 0;
    for (const State state : states) error = std::max(error, improve(graph, state));
  }
  settled_ = settled_ && error <= error_max;
}
}  // namespace sim
