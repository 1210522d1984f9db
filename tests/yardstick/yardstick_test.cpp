// SPDX-License-Identifier: Apache-2.0
// Both searches against independent model checkers: the same states, transitions, levels and ends,
// and counterexamples of the same length.
#include <doctest/doctest.h>

#include "bench/yardstick/holt_handle.hpp"
#include "bench/yardstick/interval_notifier.hpp"
#include "bench/yardstick/measure.hpp"
#include "bench/yardstick/world.hpp"
#include "sim/explore.hpp"

namespace yardstick {
namespace {
constexpr std::uint64_t quick = 60'000;  // States.
constexpr std::uint64_t small = 400'000;

void check_proofs(const How& how, std::uint64_t states_max) {
  for (const Proof& proof : proofs()) {
    if (proof.states > states_max) continue;
    CAPTURE(proof.scope);
    CHECK(agrees(proof, measure({.scope = proof.scope}, how)));
  }
}

void check_violations(const How& how, std::uint64_t states_max) {
  for (const Violation& violation : violations()) {
    if (violation.states > states_max) continue;
    CAPTURE(violation.scope);
    CAPTURE(name_of(model_of(violation.scope), violation.variant));
    CAPTURE(int{violation.property});
    const Case one{violation.scope, violation.variant, violation.property};
    CHECK(agrees(violation, measure(one, how)));
  }
}

template <Protocol P>
void check_encoding(const P& protocol, std::uint64_t states) {
  static_assert(sim::System<World<P>>);
  const sim::ExploreReport report = sim::explore(World<P>(protocol), {.compare_worlds = true});
  CHECK(report.states == states);
}
}  // namespace

TEST_CASE("the search finds as many states of the right protocols as other checkers") {
  check_proofs({.core = Core::search}, small);
}

TEST_CASE("so does the search in depth, by fingerprints, with threads, and from a file") {
  check_proofs({.order = sim::SearchOrder::depth}, quick);
  check_proofs({.threads = 2, .store = sim::Store::compact}, small);
  check_proofs({.store = sim::Store::compact, .frontier_bytes_max = 1}, small);
  const How little_memory{.store = sim::Store::compact, .frontier_bytes_max = 1};
  CHECK(measure({.scope = "B4"}, little_memory).bytes_spilled > 0);
}

TEST_CASE("mistakes are also found in depth, and by fingerprints") {
  check_violations({.order = sim::SearchOrder::depth}, quick);
  check_violations({.threads = 2, .store = sim::Store::compact}, quick);
}

TEST_CASE("a counterexample has as few context switches as there can be") {
  const auto switches = [](IntervalVariant variant, const How& how) {
    const Result found = measure({"A5", static_cast<Variant>(variant), 1}, how);
    return std::pair(found.steps, found.context_switches.value_or(0));
  };
  using Found = std::pair<std::uint64_t, std::uint64_t>;
  using enum IntervalVariant;
  const How how{.paths = Paths::sought};
  CHECK(switches(no_retry, how) == Found{22, 2});
  CHECK(switches(no_sequence, how) == Found{23, 2});
  CHECK(switches(no_flush, how) == Found{22, 2});
  CHECK(switches(no_drain, how) == Found{22, 2});
  CHECK(switches(free_first, how) == Found{12, 2});
  CHECK(switches(early_end, how) == Found{28, 4});
  CHECK(switches(atomic, how) == Found{20, 2});
  const How compact{.threads = 2, .store = sim::Store::compact, .paths = Paths::sought};
  CHECK(switches(early_end, compact) == Found{28, 4});
  const How depth{.order = sim::SearchOrder::depth, .paths = Paths::sought};
  CHECK(switches(no_retry, depth) == Found{22, 2});
}

TEST_CASE("the search finds mistakes by as few steps as other checkers") {
  check_violations({.core = Core::search}, quick);
}

TEST_CASE("the explorer finds as many states of the right protocols as other checkers") {
  check_proofs({.core = Core::explorer}, quick);
}

TEST_CASE("the explorer finds mistakes by as few steps as other checkers") {
  check_violations({.core = Core::explorer}, 5'000);
}

TEST_CASE("a mistake that breaks one property of Holt's handles leaves the others") {
  const auto steps = [](HoltVariant variant, HoltProperty property) {
    return measure({"B2", static_cast<Variant>(variant), static_cast<Property>(property)},
                   {.core = Core::search})
        .steps;
  };
  CHECK(steps(HoltVariant::partial, HoltProperty::all_or_nothing) == 14);
  CHECK(steps(HoltVariant::partial, HoltProperty::use_after_free) == 0);
  CHECK(steps(HoltVariant::no_ack, HoltProperty::all_or_nothing) == 0);
  CHECK(steps(HoltVariant::no_ack, HoltProperty::sigbus) == 0);
}

TEST_CASE("a figure that is one off does not agree") {
  Proof proof = proof_of("A1");
  const Result result = measure({.scope = "A1"}, {.core = Core::search});
  REQUIRE(agrees(proof, result));
  ++proof.transitions;
  CHECK_FALSE(agrees(proof, result));
  Violation violation = violations().front();
  const Result broken =
      measure({"A1", violation.variant, violation.property}, {.core = Core::search});
  REQUIRE(agrees(violation, broken));
  ++violation.states_before;
  CHECK_FALSE(agrees(violation, broken));
}

TEST_CASE("equal fingerprints are equal states of the protocols") {
  check_encoding(
      IntervalNotifier<interval_scopes[1]>(IntervalVariant::ok, IntervalProperty::use_after_free),
      5'832);
  check_encoding(HoltHandle<holt_scopes[0]>(HoltVariant::ok, HoltProperty::use_after_free), 3'877);
}
}  // namespace yardstick
