// SPDX-License-Identifier: Apache-2.0
// Reductions against the whole: the same verdicts, the same final states, and the sizes that other
// checkers found; and what a wrong reduction loses.
#include "tests/yardstick/reduced.hpp"

#include <doctest/doctest.h>

#include <array>

#include "bench/yardstick/measure.hpp"

namespace yardstick {
namespace {
constexpr std::uint64_t quick = 60'000;  // States.
constexpr std::uint64_t small = 150'000;

template <IntervalScope... scope>
void check_interval_verdicts() {
  (check_verdicts<IntervalNotifier<scope>>(10, 2), ...);
}

using OneDevice = IntervalNotifier<interval_scopes[0]>;

// Takes a translation and the transfer by it for one step.
struct LargeRegion : OneDevice {
  using OneDevice::OneDevice;
  friend bool continues(const LargeRegion&, const State& before, const State& after,
                        std::size_t thread) {
    if (thread != 0) return false;
    return before.threads[0].pc == DevicePc::translate && after.threads[0].pc == DevicePc::transfer;
  }
};

// Does each transfer at once that is good now.
struct HastyTransfer : OneDevice {
  using OneDevice::OneDevice;
  friend std::size_t settling_thread(const HastyTransfer&, const State& state) {
    const DeviceThread& self = state.threads[0];
    const bool hasty = self.pc == DevicePc::transfer && state.owners[self.frame - 1U] == 1;
    return hasty ? 0 : thread_count;
  }
};

// Forgets that the sequence has moved.
struct EqualSequence : OneDevice {
  using OneDevice::OneDevice;
  friend State forgetful(const EqualSequence&, State state) {
    DeviceThread& self = state.threads[0];
    if (self.pc == DevicePc::get_page || self.pc == DevicePc::lock)
      self.seen = state.devices[0].sequence;
    return state;
  }
};

template <class P>
bool breaks(const Reductions& reductions, IntervalVariant variant) {
  const P protocol(variant, IntervalProperty::use_after_free);
  return sim::search(Reduced<P>(protocol, reductions)).violations != 0;
}
}  // namespace

TEST_CASE("reductions leave as many states as they did for other checkers") {
  int compared = 0;
  for (const Proof& proof : proofs()) {
    const std::array<std::pair<Reductions, std::uint64_t>, 3> recorded{
        {{symmetry, proof.reduced.symmetry},
         {regions, proof.reduced.regions},
         {both, proof.reduced.both}}};
    for (const auto& [reductions, states] : recorded) {
      if (states == 0 || states > small) continue;
      CAPTURE(proof.scope);
      CHECK(agrees_reduced(proof, reductions,
                           measure({.scope = proof.scope}, {.reductions = reductions})));
      ++compared;
    }
  }
  CHECK(compared == 18);
}

TEST_CASE("every reduction finds every recorded mistake, symmetry by as few steps") {
  for (const Violation& violation : violations()) {
    if (violation.states > quick) continue;
    CAPTURE(violation.scope);
    CAPTURE(name_of(model_of(violation.scope), violation.variant));
    CAPTURE(int{violation.property});
    for (unsigned bits = 1; bits < 16; ++bits) {
      CAPTURE(bits);
      const Case one{violation.scope, violation.variant, violation.property};
      CHECK(agrees_reduced(violation, nth(bits), measure(one, {.reductions = nth(bits)})));
    }
  }
}

TEST_CASE("a size or length that is one off does not agree") {
  Proof proof = proof_of("A1");
  const Result result = measure({.scope = "A1"}, {.reductions = both});
  REQUIRE(agrees_reduced(proof, both, result));
  ++proof.reduced.both;
  CHECK_FALSE(agrees_reduced(proof, both, result));
  Violation violation = violations().front();
  const Case one{"A1", violation.variant, violation.property};
  const Result broken = measure(one, {.reductions = symmetry});
  REQUIRE(agrees_reduced(violation, symmetry, broken));
  ++violation.steps;
  CHECK_FALSE(agrees_reduced(violation, symmetry, broken));
  CHECK_FALSE(agrees_reduced(violation, regions, result));
}

TEST_CASE("reductions change no verdict on interval notifiers") {
  check_interval_verdicts<
      IntervalScope{1, 1, 2, 2, 1, 1, 0, 1}, IntervalScope{2, 1, 2, 2, 1, 1, 0, 0},
      IntervalScope{1, 2, 2, 1, 1, 1, 0, 1}, IntervalScope{1, 1, 2, 3, 1, 1, 0, 0},
      IntervalScope{1, 1, 3, 1, 2, 0, 2, 0}, IntervalScope{1, 2, 2, 1, 1, 2, 0, 0}>();
}

TEST_CASE("reductions leave out no final state") {
  check_ends<IntervalNotifier<interval_scopes[2]>>();
  check_ends<IntervalNotifier<IntervalScope{2, 2, 2, 2, 1, 1, 0, 1}>>();
}

TEST_CASE("reductions leave out no deadlock") {
  check_deadlocks<IntervalNotifier<IntervalScope{1, 2, 1, 2, 2, 1, 0, 0}>>();
}

TEST_CASE("nobody waits in the middle of a region") {
  check_regions<IntervalNotifier<IntervalScope{1, 1, 2, 2, 1, 1, 0, 1}>>(10, 2);
  check_regions<IntervalNotifier<IntervalScope{1, 2, 2, 1, 1, 1, 1, 0}>>(10, 2);
}

TEST_CASE("a counterexample of a reduced search is a shortest one of the whole") {
  using P = IntervalNotifier<interval_scopes[4]>;
  const P protocol(IntervalVariant::early_end, IntervalProperty::use_after_free);
  const sim::SearchResult found = sim::search(Reduced<P>(protocol, nth(15)), {.find_paths = true});
  REQUIRE(found.violation_path.has_value());
  CHECK(found.steps < 28);
  CHECK(found.violation_path->size() == 28);
  CHECK(sim::context_switches(*found.violation_path) == 4);
}

TEST_CASE("a reduction that is wrong changes the verdict") {
  const Reductions forgetting{.forgetting = true};
  REQUIRE(breaks<OneDevice>(regions, IntervalVariant::no_drain));
  CHECK_FALSE(breaks<LargeRegion>(regions, IntervalVariant::no_drain));
  REQUIRE(breaks<OneDevice>(settling, IntervalVariant::no_drain));
  CHECK_FALSE(breaks<HastyTransfer>(settling, IntervalVariant::no_drain));
  REQUIRE_FALSE(breaks<OneDevice>(forgetting, IntervalVariant::ok));
  CHECK(breaks<EqualSequence>(forgetting, IntervalVariant::ok));
}
}  // namespace yardstick
