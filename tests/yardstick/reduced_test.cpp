// SPDX-License-Identifier: Apache-2.0
// Reductions against the whole: the same verdicts, the same final states, and the sizes that other
// checkers found; and what a wrong reduction loses.
#include "sim/search/reduced.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>

#include "bench/yardstick/holt_regions.hpp"
#include "bench/yardstick/holt_symmetry.hpp"
#include "bench/yardstick/interval_regions.hpp"
#include "bench/yardstick/interval_symmetry.hpp"
#include "bench/yardstick/measure.hpp"
#include "sim/search/search.hpp"

namespace yardstick {
namespace {
using sim::Reduced;
using sim::Reductions;

constexpr std::uint64_t quick = 60'000;  // States.
constexpr std::uint64_t small = 150'000;

constexpr Reductions symmetry{.symmetry = true};
constexpr Reductions regions{.regions = true};
constexpr Reductions both{.symmetry = true, .regions = true};
constexpr Reductions settling{.settling = true};

Reductions nth(unsigned bits) {
  return {.symmetry = (bits & 1U) != 0,
          .regions = (bits & 2U) != 0,
          .settling = (bits & 4U) != 0,
          .forgetting = (bits & 8U) != 0};
}

template <class P>
P right() {
  return P(P::Variant::ok, P::Property::use_after_free);
}

struct Verdict {
  bool broken;
  bool stuck;
  bool operator==(const Verdict&) const = default;
};
template <class R>
Verdict verdict(const R& result) {
  return {result.steps != 0, result.deadlocks != 0};
}

// Every mistake with every property.
template <class P, class Visit>
void each_protocol(unsigned variants, unsigned properties, Visit visit) {
  for (unsigned variant = 0; variant < variants; ++variant) {
    for (unsigned property = 1; property <= properties; ++property) {
      CAPTURE(variant);
      CAPTURE(property);
      visit(P(static_cast<typename P::Variant>(variant),
              static_cast<typename P::Property>(property)));
    }
  }
}

template <class P>
void check_verdicts(unsigned variants, unsigned properties) {
  each_protocol<P>(variants, properties, [](const P& protocol) {
    const sim::SearchResult whole = sim::search(protocol);
    for (const unsigned bits : {1U, 6U, 15U}) {
      CAPTURE(bits);
      const sim::SearchResult reduced = sim::search(Reduced<P>(protocol, nth(bits)));
      CHECK(verdict(reduced) == verdict(whole));
      if (bits == 1) CHECK(reduced.steps == whole.steps);
    }
  });
}

template <IntervalScope... scope>
void check_interval_verdicts() {
  (check_verdicts<IntervalNotifier<scope>>(10, 2), ...);
}
template <HoltScope... scope>
void check_holt_verdicts() {
  (check_verdicts<HoltHandle<scope>>(10, 4), ...);
}

// Reductions drop states on the way, none at which everything rests.
template <class P>
void check_ends() {
  const P protocol = right<P>();
  const sim::SearchResult whole = sim::search(protocol);
  REQUIRE(whole.ends > 1);
  CHECK(sim::search(Reduced<P>(protocol, regions)).ends == whole.ends);
  CHECK(sim::search(Reduced<P>(protocol, settling)).ends == whole.ends);
  const Reductions without_forgetting{.symmetry = true, .regions = true, .settling = true};
  CHECK(sim::search(Reduced<P>(protocol, without_forgetting)).ends ==
        sim::search(Reduced<P>(protocol, symmetry)).ends);
}

// Whoever is inside a region has a step, in all states there are.
template <class P>
void check_region(const P& protocol, const typename P::State& before, std::size_t thread,
                  std::uint64_t& regions_seen) {
  protocol.move(before, thread, [&](const typename P::State& after, Outcome outcome) {
    if (outcome == Outcome::violates || !continues(protocol, before, after, thread)) return;
    std::uint64_t steps = 0;
    protocol.move(after, thread, [&](const typename P::State&, Outcome) { ++steps; });
    CHECK(steps > 0);
    ++regions_seen;
  });
}

template <class P>
void check_regions(unsigned variants, unsigned properties) {
  each_protocol<P>(variants, properties, [](const P& protocol) {
    const sim::SearchOptions options;
    sim::BreadthSearch<P, sim::ExactShard> search(protocol, options);
    search.run();
    std::uint64_t regions_seen = 0;
    for (const auto& shard : search.shards()) {
      for (std::size_t i = 0; i < shard.size(); ++i) {
        for (std::size_t thread = 0; thread < P::thread_count; ++thread)
          check_region(protocol, shard[i], thread, regions_seen);
      }
    }
    CHECK(regions_seen > 0);
  });
}

// Out of memory is a deadlock, too.
template <class P>
struct Strict : P {
  using P::P;
  bool may_end(const typename P::State& state) const {
    if constexpr (requires { state.owner; }) {
      return P::may_end(state) && state.owner.pc == OwnerPc::receive;
    } else {
      return P::may_end(state) &&
             std::all_of(state.threads.begin(), state.threads.end(),
                         [](const auto& thread) { return thread.pc == IntervalDevicePc::choose; });
    }
  }
};

template <class P>
void check_deadlocks() {
  const auto protocol = right<Strict<P>>();
  REQUIRE(sim::search(protocol).deadlocks != 0);
  for (unsigned bits = 1; bits < 16; ++bits) {
    CAPTURE(bits);
    CHECK(sim::search(Reduced<Strict<P>>(protocol, nth(bits))).deadlocks != 0);
  }
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

TEST_CASE("reductions change no verdict on Holt's handles") {
  check_holt_verdicts<HoltScope{1, 1, 1, 2, 2, 2, 0}, HoltScope{1, 2, 1, 2, 1, 1, 1},
                      HoltScope{2, 1, 1, 2, 1, 1, 0}, HoltScope{1, 1, 2, 2, 1, 1, 1},
                      HoltScope{1, 2, 1, 1, 1, 2, 0}>();
}

TEST_CASE("reductions leave out no final state") {
  check_ends<IntervalNotifier<interval_scopes[2]>>();
  check_ends<IntervalNotifier<IntervalScope{2, 2, 2, 2, 1, 1, 0, 1}>>();
  check_ends<HoltHandle<holt_scopes[0]>>();
  check_ends<HoltHandle<holt_scopes[1]>>();
  check_ends<HoltHandle<holt_scopes[2]>>();
}

TEST_CASE("reductions leave out no deadlock") {
  check_deadlocks<IntervalNotifier<IntervalScope{1, 2, 1, 2, 2, 1, 0, 0}>>();
  check_deadlocks<HoltHandle<HoltScope{1, 2, 1, 1, 1, 1, 0}>>();
}

TEST_CASE("nobody waits in the middle of a region") {
  check_regions<IntervalNotifier<IntervalScope{1, 1, 2, 2, 1, 1, 0, 1}>>(10, 2);
  check_regions<IntervalNotifier<IntervalScope{1, 2, 2, 1, 1, 1, 1, 0}>>(10, 2);
  check_regions<HoltHandle<HoltScope{1, 1, 1, 2, 2, 2, 0}>>(10, 4);
  check_regions<HoltHandle<HoltScope{1, 2, 1, 1, 1, 2, 0}>>(10, 4);
  check_regions<HoltHandle<HoltScope{1, 1, 2, 2, 1, 1, 1}>>(10, 4);
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
