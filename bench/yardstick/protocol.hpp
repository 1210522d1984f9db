// SPDX-License-Identifier: Apache-2.0
// Protocol: what the searches of the yardstick run. It shares nothing with the memory model: one
// step here is one d_step of the Promela model of the same name, so that states and transitions can
// be compared one to one. The scope is a template argument, which keeps the state tight.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace yardstick {
// A step that breaks the property is a transition, but what it leads to is not a state.
enum class Outcome : std::uint8_t { holds, violates };

struct IgnoreSteps {
  template <class State>
  void operator()(const State&, Outcome) const {}
};

// States are compared and hashed by their bytes, hence have no padding.
template <class P>
concept Protocol = std::has_unique_object_representations_v<typename P::State> &&
    std::is_trivially_copyable_v<typename P::State> &&
    std::equality_comparable<typename P::State> &&
    requires(const P protocol, const typename P::State state, IgnoreSteps visit) {
  { protocol.start() } -> std::same_as<typename P::State>;
  // Calls visit(state, outcome) for every step of one thread, below thread_count, and every choice
  // in it.
  protocol.move(state, std::size_t{}, visit);
  { P::thread_count } -> std::convertible_to<std::size_t>;
  { protocol.may_end(state) } -> std::same_as<bool>;  // Or is it a deadlock, if it has no step?
};
}  // namespace yardstick
