// SPDX-License-Identifier: Apache-2.0
#include "bench/yardstick/scopes.hpp"

#include <algorithm>

#include "sim/check.hpp"
#include "sim/explore.hpp"

namespace yardstick {

std::string_view name_of(IntervalVariant left_out) {
  constexpr std::array<std::string_view, 10> names{
      "nothing", "retry", "sequence",      "count", "flush",
      "drain",   "order", "end_after_pte", "range", "range_pinned"};
  return names[static_cast<std::size_t>(left_out)];
}

std::string_view name_of(IntervalProperty property) {
  return property == use_after_free ? "free" : "coherence";
}

const IntervalScope& scope_named(std::string_view name) {
  const auto* found = std::ranges::find_if(
      recorded_proofs, [name](const RecordedProof& proof) { return proof.scope.name == name; });
  sim::check(found != recorded_proofs.end());
  return found->scope;
}

Measured measure(const IntervalProtocol& protocol) {
  const sim::ExploreReport report = sim::explore(IntervalNotifier(protocol), {});
  sim::check(report.complete());
  Measured measured{.states = report.states,
                    .transitions = report.transitions,
                    .depth = report.depth,
                    .ends = report.finals};
  for (const sim::Counterexample& example : report.counterexamples) {
    if (example.claim == 0) {
      measured.steps = example.steps;
      --measured.states;  // The one that stands for all violations.
      --measured.ends;
    } else {
      measured.stuck = true;
    }
  }
  return measured;
}

bool agrees(const RecordedProof& recorded, const Measured& measured) {
  return measured.steps == 0 && !measured.stuck && measured.states == recorded.states &&
         measured.transitions == recorded.transitions && measured.depth == recorded.depth &&
         (recorded.ends == 0 || measured.ends == recorded.ends);
}

bool agrees(const RecordedViolation& recorded, const Measured& measured) {
  return !measured.stuck && measured.steps == recorded.steps && measured.states == recorded.states;
}

}  // namespace yardstick
