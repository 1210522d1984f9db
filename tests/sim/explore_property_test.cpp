// SPDX-License-Identifier: Apache-2.0
// What must hold of simulate, replay and explore together, whatever the system.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sim/explore.hpp"
#include "sim/replay.hpp"
#include "sim/simulate.hpp"
#include "tests/sim/random_system.hpp"
#include "tests/sim/toys.hpp"

namespace {
using sim::explore;
using sim::ExploreReport;
using sim::Fingerprint;

bool explored(const ExploreReport& report, Fingerprint fingerprint) {
  return std::ranges::binary_search(report.fingerprints, fingerprint);
}

// How many of 1000 runs from `start` leave what was explored from `scope`.
template <sim::System W>
int strays(const W& start, const W& scope) {
  const ExploreReport report = explore(scope, {.keep_fingerprints = true});
  sim::NoTrace quiet;
  int count = 0;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    sim::SeededChooser chooser(seed);
    W world = start;
    bool inside = explored(report, sim::fingerprint_of(world));
    for (int step = 0; step < 100 && world.step({chooser, quiet}); ++step)
      inside = inside && explored(report, sim::fingerprint_of(world));
    if (!inside) ++count;
  }
  return count;
}

// Does each counterexample break its claim with its last step, and not before?
template <sim::System W>
bool counterexamples_replay(const W& start, const ExploreReport& report) {
  sim::NoTrace quiet;
  return std::ranges::all_of(report.counterexamples, [&](const sim::Counterexample& found) {
    W world = start;
    const sim::Replay replay = sim::replay(world, found.path, found.steps, quiet);
    const bool breaks = (world.broken() >> found.claim & 1) == 1;
    return breaks && replay.steps == found.steps && !replay.diverged;
  });
}

template <sim::System W>
bool finals_replay(const W& start, const ExploreReport& report) {
  sim::NoTrace quiet;
  return std::ranges::all_of(report.finals_by_class, [&](const sim::FinalClass& found) {
    W world = start;
    const sim::Replay replay = sim::replay(world, found.path, found.steps, quiet);
    return replay.at_rest && !replay.diverged && world.broken() == found.broken &&
           world.witnessed() == found.witnessed;
  });
}

TEST_CASE("no simulated run leaves what was explored") {
  CHECK(strays(toys::CounterRace(4), toys::CounterRace(4)) == 0);
  CHECK(strays(toys::Ring{}, toys::Ring{}) == 0);
  CHECK(strays(toys::Diamonds{.stages = 9}, toys::Diamonds{.stages = 9}) == 0);
  CHECK(strays(toys::LockOrder{}, toys::LockOrder{}) == 0);
  CHECK(strays(toys::Philosophers(7), toys::Philosophers(7)) == 0);
}

TEST_CASE("no run by time leaves what was explored in any order") {
  CHECK(strays(toys::CounterRace(4, sim::Order::by_time), toys::CounterRace(4)) == 0);
}

TEST_CASE("a run that was not explored is noticed") {
  CHECK(strays(toys::Ring{}, toys::Ring{.places = 4}) > 0);
}

TEST_CASE("each counterexample replays and breaks its claim") {
  const toys::CounterRace race(4);
  CHECK(counterexamples_replay(race, explore(race, {})));
  const toys::Philosophers philosophers(6);
  CHECK(counterexamples_replay(philosophers, explore(philosophers, {})));
  CHECK(counterexamples_replay(toys::LockOrder{}, explore(toys::LockOrder{}, {})));
}

TEST_CASE("the path to each class of final states leads to one of its states") {
  const toys::CounterRace race(4);
  CHECK(finals_replay(race, explore(race, {})));
  CHECK(finals_replay(toys::LockOrder{}, explore(toys::LockOrder{}, {})));
}

TEST_CASE("200 random systems are explored as a naive search explores them") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    const auto shape = seed % 2 == 0 ? toys::Shape::forward : toys::Shape::any;
    const toys::Table table = toys::random_table(seed, shape);
    const toys::NaiveSearch naive(table);
    const ExploreReport report =
        explore(toys::RandomSystem{.table = &table}, {.compare_worlds = true});
    REQUIRE(report.complete());
    CHECK(report.states == naive.states().size());
    CHECK(report.transitions == naive.transitions());
    CHECK(report.finals == naive.finals());
    CHECK(report.unbounded == naive.cyclic());
    if (!naive.cyclic()) CHECK(report.executions == naive.executions());
  }
}

TEST_CASE("the counterexamples of 200 random systems are shortest and replay") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    const toys::Table table = toys::random_table(seed, toys::Shape::any);
    const toys::NaiveSearch naive(table);
    const toys::RandomSystem start{.table = &table};
    const ExploreReport report = explore(start, {});
    for (unsigned claim = 0; claim < 2; ++claim) {
      const auto found = std::ranges::find(report.counterexamples, claim,
                                           [](const auto& each) { return each.claim; });
      const auto steps = naive.steps_to_broken(std::uint64_t{1} << claim);
      REQUIRE((found != report.counterexamples.end()) == steps.has_value());
      if (steps) CHECK(found->steps == *steps);
    }
    CHECK(counterexamples_replay(start, report));
    CHECK(finals_replay(start, report));
  }
}

TEST_CASE("a simulated run replays to the same world and the same trace") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const toys::CounterRace start(5, sim::Order::by_time);
    sim::SeededChooser chooser(seed);
    sim::VectorTrace first;
    toys::CounterRace simulated = start;
    const sim::Run run = sim::simulate(simulated, {chooser, first}, 1000);
    CHECK(run.at_rest);
    CHECK(run.steps == 10);

    toys::CounterRace replayed = start;
    sim::VectorTrace second;
    const sim::Replay replay = sim::replay(replayed, chooser.answers(), run.steps, second);
    CHECK(replay.at_rest);
    CHECK_FALSE(replay.diverged);
    CHECK(replayed == simulated);
    CHECK(first.records() == second.records());
  }
}

TEST_CASE("a run that is cut off is not at rest and not judged") {
  toys::CounterRace world(2);
  sim::FirstChooser chooser;
  sim::NoTrace quiet;
  const sim::Run run = sim::simulate(world, {chooser, quiet}, 3);
  CHECK_FALSE(run.at_rest);
  CHECK(run.steps == 3);
  CHECK(world.broken() == 0);
}

TEST_CASE("a replay of part of a run stops where it was told to") {
  toys::CounterRace world(2);
  sim::VectorTrace trace;
  const sim::Replay replay = sim::replay(world, {1, 0}, 2, trace);
  CHECK(replay.steps == 2);
  CHECK_FALSE(replay.at_rest);
  CHECK_FALSE(replay.diverged);
  REQUIRE(trace.records().size() == 2);
  CHECK(trace.records()[0].actor == 1);
  CHECK(trace.records()[1].actor == 0);
}

TEST_CASE("a replay whose path or steps do not fit has diverged") {
  sim::NoTrace quiet;
  const auto diverged = [&](const sim::Path& path, std::uint64_t steps) {
    toys::CounterRace world(2);
    return sim::replay(world, path, steps, quiet).diverged;
  };
  CHECK_FALSE(diverged({1, 0, 0}, 3));
  CHECK(diverged({1, 0}, 3));     // Too few answers.
  CHECK(diverged({1, 0, 0}, 2));  // Too many.
  CHECK(diverged({1, 2, 0}, 3));  // Out of range.
  CHECK(diverged({0, 0}, 5));     // There are only four steps.
}
}  // namespace
