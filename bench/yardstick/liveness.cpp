// SPDX-License-Identifier: Apache-2.0
#include "bench/yardstick/liveness.hpp"

#include "bench/yardstick/interval_notifier.hpp"
#include "bench/yardstick/scopes.hpp"
#include "bench/yardstick/world.hpp"
#include "sim/explore.hpp"
#include "sim/liveness.hpp"

namespace yardstick {
namespace {
template <std::size_t index>
Liveness look(IntervalBegin begin) {
  constexpr IntervalScope scope = interval_scopes[index];
  using Protocol = IntervalNotifier<scope>;
  static_assert(sim::HasActors<World<Protocol>> && sim::HasObligations<World<Protocol>>);
  const Protocol protocol(IntervalVariant::ok, IntervalProperty::use_after_free, begin);
  const World<Protocol> start(protocol);
  const auto report = sim::explore(start, {.keep_graph = true});
  Liveness found{.states = report.states, .cyclic = report.unbounded};
  // The first invalidator has begun, and is not over.
  const sim::Stuck stuck{.pending = std::uint64_t{1} << scope.device_threads};
  const auto weak = sim::fair_components(*report.graph, stuck, sim::Fairness::weak);
  found.starves = !weak.empty();
  found.starves_strongly =
      !sim::fair_components(*report.graph, stuck, sim::Fairness::strong).empty();
  if (weak.empty()) return found;
  const auto lasso = sim::lasso_in(*report.graph, weak.front(), stuck, sim::Fairness::weak);
  const sim::LassoPath path = sim::path_of(start, *report.graph, lasso);
  found.stem = path.stem_steps;
  found.loop = path.steps - path.stem_steps;
  return found;
}
}  // namespace

Liveness look_for_starvation(std::size_t scope, IntervalBegin begin) {
  switch (scope) {
    case 0:
      return look<0>(begin);
    case 1:
      return look<1>(begin);
    default:
      return look<2>(begin);
  }
}
}  // namespace yardstick
