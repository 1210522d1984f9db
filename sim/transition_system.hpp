// SPDX-License-Identifier: Apache-2.0
// TransitionSystem: what the packed searches of sim/search run. Its state is a few plain bytes, and
// threads move it. Where a System is one value that can do everything, this is the least that a
// search needs, so that it can look at millions of states a second.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace sim {
// A step that breaks the property is a transition, but what it leads to is not a state.
enum class Outcome : std::uint8_t { holds, violates };

struct IgnoreSteps {
  template <class State>
  void operator()(const State&, Outcome) const {}
};

// States are compared and hashed by their bytes, hence have no padding.
template <class S>
concept TransitionSystem = std::has_unique_object_representations_v<typename S::State> &&
    std::is_trivially_copyable_v<typename S::State> &&
    std::equality_comparable<typename S::State> &&
    requires(const S system, const typename S::State state, std::size_t thread, IgnoreSteps visit) {
  { S::thread_count } -> std::convertible_to<std::size_t>;
  { system.start() } -> std::same_as<typename S::State>;
  // Calls visit(next, outcome) for every choice of every step that `thread` can take, always in the
  // same order.
  system.move(state, thread, visit);
  { system.may_end(state) } -> std::same_as<bool>;  // Or is it a deadlock, if it has no step?
};

// canonical() gives one and the same state for all that differ only by the names of like things: a
// search then looks at one of each such class. From states of one class steps lead to the same
// classes, with the same outcomes, and may_end() says the same of them.
template <class S>
concept Symmetric = TransitionSystem<S> && requires(const S system, const typename S::State state) {
  { system.canonical(state) } -> std::same_as<typename S::State>;
};

// continues(state, thread), after `thread` has moved to `state`: its next step belongs to the same
// atomic region as the one it has just taken (R. Lipton, "Reduction", CACM 18(12), 1975), so that
// nothing is missed if no other thread moves in between.
template <class S>
concept Merging = TransitionSystem<S> &&
    requires(const S system, const typename S::State state, std::size_t thread) {
  { system.continues(state, thread) } -> std::same_as<bool>;
};

template <TransitionSystem S, class Visit>
void each_step(const S& system, const typename S::State& state, Visit&& visit) {
  for (std::size_t thread = 0; thread < S::thread_count; ++thread)
    system.move(state, thread, visit);
}
}  // namespace sim
