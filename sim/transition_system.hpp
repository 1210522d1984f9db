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

// Has the verdict of whole() in fewer states. A path is one of the whole.
template <class S>
concept PartOfWhole = TransitionSystem<S> && requires(const S system) {
  requires TransitionSystem<std::remove_cvref_t<decltype(system.whole())>>;
};

template <TransitionSystem S>
const auto& whole_of(const S& system) {
  if constexpr (PartOfWhole<S>) {
    return system.whole();
  } else {
    return system;
  }
}

template <TransitionSystem S, class Visit>
void each_step(const S& system, const typename S::State& state, Visit&& visit) {
  for (std::size_t thread = 0; thread < S::thread_count; ++thread)
    system.move(state, thread, visit);
}
}  // namespace sim
