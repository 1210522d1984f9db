// SPDX-License-Identifier: Apache-2.0
// Expander: the steps from a state, under the reductions that were asked for.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/search/options.hpp"
#include "sim/transition_system.hpp"

namespace sim {
template <TransitionSystem S>
class Expander {
 public:
  using State = typename S::State;

  Expander(const S& system, Reductions reductions) : system_(&system), reductions_(reductions) {}

  const S& system() const { return *system_; }

  State start() const { return representative(system_->start()); }

  // Calls visit(next, outcome) for each step, whole regions being one.
  template <class Visit>
  void each_step(const State& state, Visit&& visit) const {
    for (std::size_t thread = 0; thread < S::thread_count; ++thread) {
      system_->move(state, thread, [&](const State& next, Outcome outcome) {
        arrive(next, outcome, thread, region_max, visit);
      });
    }
  }

 private:
  // A region has an end; this one is for protocols that have a mistake in what continues.
  static constexpr unsigned region_max = 64;  // Steps.

  template <class Visit>
  void arrive(const State& next, Outcome outcome, std::size_t thread, unsigned steps_left,
              Visit& visit) const {
    if (outcome == Outcome::violates) return visit(next, outcome);
    if constexpr (Merging<S>) {
      if (reductions_.merge && steps_left != 0 && system_->continues(next, thread)) {
        if (go_on(next, thread, steps_left, visit)) return;
      }
    }
    visit(representative(next), outcome);
  }

  // False: the thread has to wait in the middle of the region, so that others must be let in.
  template <class Visit>
  bool go_on(const State& state, std::size_t thread, unsigned steps_left, Visit& visit) const {
    bool moved = false;
    system_->move(state, thread, [&](const State& next, Outcome outcome) {
      moved = true;
      arrive(next, outcome, thread, steps_left - 1, visit);
    });
    return moved;
  }

  State representative(const State& state) const {
    if constexpr (Symmetric<S>) {
      if (reductions_.symmetry) return system_->canonical(state);
    }
    return state;
  }

  const S* system_;
  Reductions reductions_;
};
}  // namespace sim
