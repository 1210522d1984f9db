// SPDX-License-Identifier: Apache-2.0
// Counterexamples against figures that were found by other programs: fewest steps and switches, and
// the chance of the violation after each step.
#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "bench/yardstick/interval_notifier.hpp"
#include "bench/yardstick/scopes.hpp"
#include "bench/yardstick/world.hpp"
#include "sim/course.hpp"
#include "sim/explore.hpp"

namespace yardstick {
namespace {
template <IntervalScope scope>
struct Found {
  sim::Way way;
  sim::Course course;
};

template <IntervalScope scope>
Found<scope> find(IntervalVariant variant) {
  const IntervalNotifier<scope> protocol(variant, IntervalProperty::use_after_free);
  const World<IntervalNotifier<scope>> start(protocol);
  const sim::ExploreReport report = sim::explore(start, {.keep_graph = true});
  const sim::StateGraph& graph = *report.graph;
  const sim::StateSet goal = sim::states_broken(graph, 0);
  const sim::Odds odds(graph, sim::Components(graph), goal);
  CHECK(odds.settled());
  const sim::Way way = *sim::shortest_way(graph, goal);
  return {.way = way, .course = sim::course_of(graph, odds, way, goal)};
}

// In four digits.
sim::Chance digits(sim::Chance chance) {
  const sim::Chance unit = sim::chance_one / 10'000;
  return (chance + unit / 2) / unit;
}

TEST_CASE("the chances along the shortest counterexample are those of another program") {
  constexpr IntervalScope smallest = interval_scopes[0];
  const auto found = find<smallest>(IntervalVariant::no_retry);
  CHECK(found.way.steps() == 17);
  CHECK(found.way.switches == 2);
  // After get_page; pick; lock until unlock; free.
  const std::vector<std::pair<std::size_t, sim::Chance>> known{
      {4, 3448}, {5, 5604}, {6, 9805}, {10, 9805}, {16, 10'000}};
  for (const auto& [step, chance] : known) {
    CAPTURE(step);
    CHECK(digits(found.course.chances[step]) == chance);
  }
}

struct Known {
  IntervalVariant variant;
  std::uint64_t steps;
  std::uint64_t switches;
};

TEST_CASE("no counterexample has more switches than needed") {
  const std::vector<Known> all{
      {IntervalVariant::no_retry, 22, 2},          {IntervalVariant::no_sequence, 23, 2},
      {IntervalVariant::no_progress_count, 22, 2}, {IntervalVariant::no_flush, 22, 2},
      {IntervalVariant::no_drain, 22, 2},          {IntervalVariant::free_first, 12, 2},
      {IntervalVariant::early_end, 28, 4},         {IntervalVariant::atomic, 20, 2}};
  for (const Known& known : all) {
    CAPTURE(static_cast<int>(known.variant));
    const auto found = find<interval_scopes[4]>(known.variant);
    CHECK(found.way.steps() == known.steps);
    CHECK(found.way.switches == known.switches);
  }
}
}  // namespace
}  // namespace yardstick
