// SPDX-License-Identifier: Apache-2.0
// Reduced: a protocol with fewer states and the same verdict. It is a protocol itself, so that any
// search can run it. What is told about the protocol, each with its proof, lies beside it, as
// functions of these names:
//
// * canonical(protocol, state): one state for all that differ only in names;
// * forgetful(protocol, state): without what no later step can make use of (optional);
// * continues(protocol, before, after, thread): the step between belongs to a region with the next;
// * settling_thread(protocol, state): who has a step that may come before all others.
#pragma once

#include <cstddef>
#include <utility>

#include "bench/yardstick/protocol.hpp"
#include "bench/yardstick/result.hpp"
#include "sim/check.hpp"

namespace yardstick {
template <Protocol P>
class Reduced {
 public:
  using State = typename P::State;
  using Variant = typename P::Variant;
  using Property = typename P::Property;

  static constexpr std::size_t thread_count = P::thread_count;

  Reduced(P protocol, const Reductions& reductions)
      : protocol_(std::move(protocol)), reductions_(reductions) {}

  State start() const { return representative(protocol_.start()); }
  bool may_end(const State& state) const { return protocol_.may_end(state); }

  // Goes through to the end of the region that begins with the step.
  template <class Visit>
  void move(const State& now, std::size_t thread, Visit&& visit) const {
    std::size_t visited = 0;
    auto count = [&](const State& next, Outcome outcome) {
      ++visited;
      visit(next, outcome);
    };
    go(now, thread, visited, count);
  }

 private:
  static constexpr bool forgets = requires(P protocol, State state) { forgetful(protocol, state); };

  template <class Visit>
  void go(const State& now, std::size_t thread, const std::size_t& visited, Visit& visit) const {
    protocol_.move(now, thread, [&](const State& next, Outcome outcome) {
      if (outcome == Outcome::violates) return visit(next, outcome);
      if (!reductions_.regions || !continues(protocol_, now, next, thread))
        return visit(representative(next), outcome);
      const std::size_t before = visited;
      go(next, thread, visited, visit);
      check(visited > before);  // Nothing inside a region may block.
    });
  }

  State representative(State state) const {
    do {
      if constexpr (forgets) {
        if (reductions_.forgetting) state = forgetful(protocol_, state);
      }
    } while (reductions_.settling && settle(state));
    return reductions_.symmetry ? canonical(protocol_, state) : state;
  }

  // False: there was nothing to settle.
  bool settle(State& state) const {
    const std::size_t thread = settling_thread(protocol_, state);
    if (thread == thread_count) return false;
    int steps = 0;
    State settled{};
    protocol_.move(state, thread, [&](const State& next, Outcome outcome) {
      check(outcome == Outcome::holds);
      settled = next;
      ++steps;
    });
    check(steps == 1);
    state = settled;
    return true;
  }

  P protocol_;
  Reductions reductions_;
};
}  // namespace yardstick
