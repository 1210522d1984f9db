// SPDX-License-Identifier: Apache-2.0
// The easiest way to a broken claim, and the odds along it, against searches that try everything.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "sim/course.hpp"
#include "sim/explore.hpp"
#include "sim/replay.hpp"
#include "tests/sim/random_system.hpp"
#include "tests/sim/toys.hpp"

namespace {
using sim::State;
using sim::StateGraph;
using sim::StateSet;
using sim::Way;
using toys::NaiveSearch;
using toys::RandomSystem;
using toys::Shape;
using toys::Table;

constexpr std::uint64_t systems = 400;
constexpr std::uint64_t steps_max = 6;  // Of ways that are tried one by one.

double as_double(sim::Chance chance) {
  return static_cast<double>(chance) / static_cast<double>(sim::chance_one);
}

sim::ExploreReport explored(const RandomSystem& start) {
  return sim::explore(start, {.keep_graph = true});
}

bool breaks(const Table& table, const RandomSystem& world, unsigned claim) {
  const std::uint64_t at_rest =
      table.places[world.place].empty() ? table.breaks_at_rest[world.place] : 0;
  return (((world.broke | at_rest) >> claim) & 1) != 0;
}

// Follows every path of so many steps, in the order of the answers.
class AllWays {
 public:
  AllWays(const Table& table, unsigned claim, std::uint64_t steps)
      : table_(table), claim_(claim), steps_(steps) {
    follow({.table = &table}, {}, 0);
  }
  std::uint64_t switches = ~std::uint64_t{0};
  sim::Path path;  // The first of the best.

 private:
  void follow(const RandomSystem& world, const sim::Path& answers, std::uint64_t so_far) {
    if (actors_.size() == steps_) {
      if (!breaks(table_, world, claim_) || so_far >= switches) return;
      switches = so_far;
      path = answers;
      return;
    }
    if (table_.places[world.place].empty()) return;
    sim::ExhaustiveChooser chooser;
    sim::NoTrace quiet;
    do {
      RandomSystem next = world;
      next.step({chooser, quiet});
      sim::Path longer = answers;
      longer.insert(longer.end(), chooser.answers().begin(), chooser.answers().end());
      const bool change = !actors_.empty() && actors_.back() != next.actor();
      actors_.push_back(next.actor());
      follow(next, longer, so_far + (change ? 1 : 0));
      actors_.pop_back();
    } while (chooser.advance());
  }

  const Table& table_;
  unsigned claim_;
  std::uint64_t steps_;
  std::vector<sim::ActorId> actors_;
};

TEST_CASE("the way to a broken claim is shortest, then has fewest switches, then is the first") {
  int compared = 0;
  int with_switches = 0;
  for (std::uint64_t seed = 0; seed < systems; ++seed) {
    CAPTURE(seed);
    const Table table = toys::random_table(seed, seed % 2 == 0 ? Shape::forward : Shape::any);
    const RandomSystem start{.table = &table};
    const sim::ExploreReport report = explored(start);
    for (const sim::Counterexample& found : report.counterexamples) {
      if (found.steps > steps_max) continue;
      const auto way =
          sim::shortest_way(*report.graph, sim::states_broken(*report.graph, found.claim));
      REQUIRE(way.has_value());
      const AllWays all(table, found.claim, found.steps);
      CHECK(way->steps() == found.steps);
      CHECK(way->switches == all.switches);
      CHECK(sim::answers_along(start, way->ordinals) == all.path);
      ++compared;
      if (way->switches > 0) ++with_switches;
    }
  }
  CHECK(compared > 300);
  CHECK(with_switches > 20);
}

TEST_CASE("the way to final states leads to one of them") {
  for (std::uint64_t seed = 0; seed < systems; ++seed) {
    CAPTURE(seed);
    const Table table = toys::random_table(seed, Shape::any);
    const RandomSystem start{.table = &table};
    const sim::ExploreReport report = explored(start);
    for (const sim::FinalClass& alike : report.finals_by_class) {
      StateSet goal(report.graph->size());
      for (const State state : alike.states) goal.add(state);
      const auto way = sim::shortest_way(*report.graph, goal);
      REQUIRE(way.has_value());
      CHECK(way->steps() == alike.steps);
      RandomSystem world = start;
      sim::NoTrace quiet;
      const sim::Path path = sim::answers_along(start, way->ordinals);
      const sim::Replay replay = sim::replay(world, path, way->steps(), quiet);
      CHECK(replay.at_rest);
      CHECK_FALSE(replay.diverged);
      CHECK(world.broken() == alike.broken);
      CHECK(world.witnessed() == alike.witnessed);
    }
  }
}

TEST_CASE("there is no way to what does not exist") {
  const sim::ExploreReport report = sim::explore(toys::Ring{}, {.keep_graph = true});
  CHECK_FALSE(sim::shortest_way(*report.graph, StateSet(report.graph->size())).has_value());
}

// Solves chance = mean of the chances after each transition, by elimination.
std::vector<double> chances_by_elimination(const StateGraph& graph, const StateSet& goal,
                                           const std::vector<bool>& hopeless) {
  const std::size_t n = graph.size();
  std::vector<std::vector<long double>> rows(n, std::vector<long double>(n + 1));
  for (std::uint32_t i = 0; i < n; ++i) {
    rows[i][i] = 1;
    if (goal.contains(State{i})) rows[i][n] = 1;
    if (goal.contains(State{i}) || hopeless[i]) continue;
    const auto targets = graph.targets_of(State{i});
    for (const State to : targets)
      rows[i][to.index()] -= 1 / static_cast<long double>(targets.size());
  }
  for (std::size_t column = 0; column < n; ++column) {
    std::size_t pivot = column;
    for (std::size_t i = column; i < n; ++i)
      if (std::fabs(rows[i][column]) > std::fabs(rows[pivot][column])) pivot = i;
    std::swap(rows[column], rows[pivot]);
    for (std::size_t i = 0; i < n; ++i) {
      if (i == column || rows[i][column] == 0) continue;
      const long double factor = rows[i][column] / rows[column][column];
      for (std::size_t j = column; j <= n; ++j) rows[i][j] -= factor * rows[column][j];
    }
  }
  std::vector<double> chances;
  for (std::size_t i = 0; i < n; ++i)
    chances.push_back(static_cast<double>(rows[i][n] / rows[i][i]));
  return chances;
}

// From which no state of the goal can be reached.
std::vector<bool> hopeless_states(const StateGraph& graph, const StateSet& goal) {
  std::vector<bool> hopeless;
  for (std::uint32_t i = 0; i < graph.size(); ++i)
    hopeless.push_back(!sim::shortest_way(graph, goal, State{i}).has_value());
  return hopeless;
}

// Whether one can stay out of the goal for so many steps, or come to rest before.
bool can_stay_out(const StateGraph& graph, const StateSet& goal, State state, std::size_t steps) {
  std::vector<bool> out(graph.size(), true);
  for (std::size_t step = 0; step <= steps; ++step) {
    std::vector<bool> now(graph.size());
    for (std::uint32_t i = 0; i < graph.size(); ++i) {
      const auto targets = graph.targets_of(State{i});
      bool possible = targets.empty();
      for (const State to : targets) possible = possible || out[to.index()];
      now[i] = possible && !goal.contains(State{i});
    }
    out = now;
  }
  return out[state.index()];
}

TEST_CASE("the odds of random systems are those of their equations") {
  int between = 0;
  int cyclic = 0;
  for (std::uint64_t seed = 0; seed < systems; ++seed) {
    CAPTURE(seed);
    const Table table = toys::random_table(seed, seed % 2 == 0 ? Shape::forward : Shape::any);
    const sim::ExploreReport report = explored({.table = &table});
    const StateGraph& graph = *report.graph;
    const sim::Components components(graph);
    if (components.size() < graph.size()) ++cyclic;
    for (unsigned claim = 0; claim < 2; ++claim) {
      const StateSet goal = sim::states_broken(graph, claim);
      const sim::Odds odds(graph, components, goal);
      CHECK(odds.settled());
      const auto expected = chances_by_elimination(graph, goal, hopeless_states(graph, goal));
      for (std::uint32_t i = 0; i < graph.size(); ++i) {
        CHECK(std::fabs(as_double(odds.chance(State{i})) - expected[i]) < 1e-8);
        CHECK(odds.avoidable(State{i}) == can_stay_out(graph, goal, State{i}, graph.size()));
        if (expected[i] > 0.01 && expected[i] < 0.99) ++between;
      }
    }
  }
  CHECK(between > 200);
  CHECK(cyclic > 50);
}

TEST_CASE("components are the states that reach each other, in the order of a backward pass") {
  for (std::uint64_t seed = 0; seed < systems; ++seed) {
    CAPTURE(seed);
    const Table table = toys::random_table(seed, Shape::any);
    const sim::ExploreReport report = explored({.table = &table});
    const StateGraph& graph = *report.graph;
    const sim::Components components(graph);
    std::vector<std::size_t> component_of(graph.size(), components.size());
    for (std::size_t i = 0; i < components.size(); ++i)
      for (const State state : components[i]) component_of[state.index()] = i;
    for (std::uint32_t from = 0; from < graph.size(); ++from) {
      for (const State to : graph.targets_of(State{from}))
        CHECK(component_of[to.index()] <= component_of[from]);
      for (std::uint32_t to = 0; to < graph.size(); ++to) {
        StateSet only_to(graph.size());
        only_to.add(State{to});
        StateSet only_from(graph.size());
        only_from.add(State{from});
        const bool both = sim::shortest_way(graph, only_to, State{from}).has_value() &&
                          sim::shortest_way(graph, only_from, State{to}).has_value();
        CHECK((component_of[from] == component_of[to]) == both);
      }
    }
  }
}

TEST_CASE("a step decides, and the way out leaves the way before it") {
  int ways_out = 0;
  for (std::uint64_t seed = 0; seed < systems; ++seed) {
    CAPTURE(seed);
    const Table table = toys::random_table(seed, Shape::any);
    const RandomSystem start{.table = &table};
    const sim::ExploreReport report = explored(start);
    const StateGraph& graph = *report.graph;
    const sim::Components components(graph);
    for (const sim::Counterexample& found : report.counterexamples) {
      const StateSet goal = sim::states_broken(graph, found.claim);
      const sim::Odds odds(graph, components, goal);
      const Way way = *sim::shortest_way(graph, goal);
      const sim::Course course = sim::course_of(graph, odds, way, goal);
      REQUIRE(course.chances.size() == way.states.size());
      CHECK(course.chances.back() == sim::chance_one);
      CHECK_FALSE(odds.avoidable(way.states[course.decided_at]));
      if (course.decided_at > 0) CHECK(odds.avoidable(way.states[course.decided_at - 1]));
      if (!course.way_out) continue;
      ++ways_out;
      CHECK(course.way_out->states.front() == way.states[course.decided_at - 1]);
      CHECK(course.way_out->states[1] != way.states[course.decided_at]);
      std::vector<std::uint32_t> ordinals(
          way.ordinals.begin(),
          way.ordinals.begin() + static_cast<std::ptrdiff_t>(course.decided_at - 1));
      ordinals.insert(ordinals.end(), course.way_out->ordinals.begin(),
                      course.way_out->ordinals.end());
      RandomSystem world = start;
      sim::NoTrace quiet;
      const sim::Replay replay =
          sim::replay(world, sim::answers_along(start, ordinals), ordinals.size(), quiet);
      CHECK(replay.at_rest);
      CHECK((world.broken() >> found.claim & 1) == 0);
    }
  }
  CHECK(ways_out > 50);
}

TEST_CASE("two threads lose an update as often as not") {
  const sim::ExploreReport report = sim::explore(toys::CounterRace(2), {.keep_graph = true});
  const StateSet goal = sim::states_broken(*report.graph, 0);
  const sim::Odds odds(*report.graph, sim::Components(*report.graph), goal);
  // Each thread reads and writes. Whoever reads first goes on at once with a chance of one half.
  CHECK(as_double(odds.chance(State{0})) == doctest::Approx(0.5));
  CHECK(odds.avoidable(State{0}));
}

TEST_CASE("going round for ever avoids what has a chance of one") {
  // Two places: from the first round and round, or on to the second one, where the claim breaks.
  const Table table{.places = {{{0, 1}}, {}}, .breaks = {0, 1}, .breaks_at_rest = {0, 0}};
  const sim::ExploreReport report = explored({.table = &table});
  const StateSet goal = sim::states_broken(*report.graph, 0);
  const sim::Odds odds(*report.graph, sim::Components(*report.graph), goal);
  CHECK(as_double(odds.chance(State{0})) == doctest::Approx(1.0));
  CHECK(odds.avoidable(State{0}));
  CHECK_FALSE(odds.avoidable(State{1}));
  const Way way = *sim::shortest_way(*report.graph, goal);
  const sim::Course course = sim::course_of(*report.graph, odds, way, goal);
  CHECK(course.decided_at == 1);
  CHECK_FALSE(course.way_out.has_value());
}
}  // namespace
