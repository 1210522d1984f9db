// SPDX-License-Identifier: Apache-2.0
// Reduced: a transition system with fewer states and the same verdict. It is one itself, so that
// any search can run it. What is known of a system is told by functions beside it, each with its
// proof; a reduction for which there is none is ignored. See docs/packed-search.md.
#pragma once

#include <concepts>
#include <cstddef>
#include <utility>

#include "sim/check.hpp"
#include "sim/transition_system.hpp"

namespace sim {
// One state for all that differ only in the names of like things: they lead to the same classes of
// states by the same outcomes, and may_end() says the same of them.
template <class S>
concept Symmetric = TransitionSystem<S> && requires(const S system, const typename S::State state) {
  { canonical(system, state) } -> std::same_as<typename S::State>;
};

// The state without what no later step can make use of.
template <class S>
concept Forgetful = TransitionSystem<S> && requires(const S system, const typename S::State state) {
  { forgetful(system, state) } -> std::same_as<typename S::State>;
};

// Whether the next step of `thread` belongs to the same atomic region as the one from `before` to
// `after` (R. Lipton, "Reduction", CACM 18(12), 1975), so that nothing is missed if no other thread
// moves in between.
template <class S>
concept Regional = TransitionSystem<S> &&
    requires(const S system, const typename S::State state, std::size_t thread) {
  { continues(system, state, state, thread) } -> std::same_as<bool>;
};

// A thread whose only step may come before all others, and breaks no property; thread_count: there
// is none.
template <class S>
concept Settling = TransitionSystem<S> && requires(const S system, const typename S::State state) {
  { settling_thread(system, state) } -> std::same_as<std::size_t>;
};

// What is used, if it is there.
struct Reductions {
  bool symmetry = false;
  bool regions = false;
  bool settling = false;
  bool forgetting = false;
  bool operator==(const Reductions&) const = default;
};

template <TransitionSystem S>
class Reduced {
 public:
  using State = typename S::State;

  static constexpr std::size_t thread_count = S::thread_count;

  Reduced(S whole, const Reductions& reductions)
      : whole_(std::move(whole)), reductions_(reductions) {}

  const S& whole() const { return whole_; }

  State start() const { return representative(whole_.start()); }
  bool may_end(const State& state) const { return whole_.may_end(state); }

  // Goes through to the end of the region that begins with the step.
  template <class Visit>
  void move(const State& state, std::size_t thread, Visit&& visit) const {
    go(state, thread, steps_max, visit);
  }

 private:
  // A region has an end, and so has what settles; this one is for systems that are mistaken there.
  static constexpr unsigned steps_max = 64;

  // False: the thread has no step. In the middle of a region it has to wait then, so that others
  // are let in there, as at its end.
  template <class Visit>
  bool go(const State& now, std::size_t thread, unsigned steps_left, Visit& visit) const {
    bool moved = false;
    whole_.move(now, thread, [&](const State& next, Outcome outcome) {
      moved = true;
      if (outcome == Outcome::violates) return visit(next, outcome);
      if constexpr (Regional<S>) {
        const bool inside =
            reductions_.regions && steps_left != 0 && continues(whole_, now, next, thread);
        if (inside && go(next, thread, steps_left - 1, visit)) return;
      }
      visit(representative(next), outcome);
    });
    return moved;
  }

  State representative(State state) const {
    unsigned steps_left = steps_max;
    do {
      if constexpr (Forgetful<S>) {
        if (reductions_.forgetting) state = forgetful(whole_, state);
      }
    } while (steps_left-- != 0 && settle(state));
    if constexpr (Symmetric<S>) {
      if (reductions_.symmetry) return canonical(whole_, state);
    }
    return state;
  }

  // False: there is nothing to settle.
  bool settle(State& state) const {
    if constexpr (Settling<S>) {
      if (!reductions_.settling) return false;
      const std::size_t thread = settling_thread(whole_, state);
      if (thread == thread_count) return false;
      state = after_only_step(state, thread);
      return true;
    }
    return false;
  }

  State after_only_step(const State& state, std::size_t thread) const {
    int steps = 0;
    State after{};
    whole_.move(state, thread, [&](const State& next, Outcome outcome) {
      check(outcome == Outcome::holds);
      after = next;
      ++steps;
    });
    check(steps == 1);
    return after;
  }

  S whole_;
  Reductions reductions_;
};
}  // namespace sim
