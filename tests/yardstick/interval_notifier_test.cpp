// SPDX-License-Identifier: Apache-2.0
// The explorer against independent model checkers: the same states, transitions and levels, and
// counterexamples of the same length.
#include <doctest/doctest.h>

#include "bench/yardstick/scopes.hpp"
#include "sim/explore.hpp"

namespace yardstick {
namespace {

constexpr std::uint64_t quick = 60'000;  // States.

}  // namespace

TEST_CASE("the protocol as it should be has as many states as other checkers find") {
  for (const RecordedProof& proof : recorded_proofs) {
    if (proof.states > quick) continue;
    CAPTURE(proof.scope.name);
    CHECK(agrees(proof, measure({.scope = proof.scope})));
  }
}

TEST_CASE("whatever is left out of it, the shortest counterexample has the recorded length") {
  for (const RecordedViolation& violation : recorded_violations) {
    if (violation.states > quick) continue;
    CAPTURE(violation.scope);
    CAPTURE(name_of(violation.left_out));
    CAPTURE(name_of(violation.property));
    CHECK(agrees(violation, measure({.scope = scope_named(violation.scope),
                                     .left_out = violation.left_out,
                                     .property = violation.property})));
  }
}

TEST_CASE("a figure that is one off does not agree") {
  RecordedProof proof = recorded_proofs.front();
  const Measured measured = measure({.scope = proof.scope});
  REQUIRE(agrees(proof, measured));
  ++proof.transitions;
  CHECK_FALSE(agrees(proof, measured));
}

TEST_CASE("equal fingerprints are equal states of the protocol") {
  const IntervalProtocol protocol{.scope = scope_named("A2")};
  const sim::ExploreReport report =
      sim::explore(IntervalNotifier(protocol), {.compare_worlds = true});
  CHECK(report.states == 5'832);
}

}  // namespace yardstick
