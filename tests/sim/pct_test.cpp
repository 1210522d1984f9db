// SPDX-License-Identifier: Apache-2.0
// Depths and probabilities of small systems that can be worked out by hand; counted over fixed
// seeds.
#include <doctest/doctest.h>

#include <algorithm>

#include "sim/explore.hpp"
#include "sim/pct_chooser.hpp"
#include "sim/replay.hpp"
#include "sim/simulate.hpp"
#include "tests/sim/toys.hpp"

namespace {
using sim::PctChooser;

// Two threads of `steps` steps. Broken if the second thread moves between the last two steps of the
// first one: needs one change of priorities, at one step. Drawn by lot, the first thread must be at
// its last step when the second one moves first, or later: rare.
struct LateGap {
  static constexpr std::uint64_t in_the_gap = 1;

  std::uint8_t steps = 8;
  std::uint8_t done[2] = {0, 0};
  bool hit = false;
  sim::EventQueue<std::uint8_t> queue;

  LateGap() {
    for (std::uint32_t i = 0; i < 2; ++i) queue.post(sim::Lane{i}, 0, 0);
  }
  bool step(sim::Turn turn) {
    if (queue.empty()) return false;
    const sim::Candidates candidates(queue);
    const sim::Lane lane = candidates.nth(turn.chooser.choose_next("who is next?", candidates));
    queue.take(lane);
    if (lane.value == 1 && done[1] == 0) hit = done[0] + 1 == steps;
    if (++done[lane.index()] < steps) queue.post(lane, 0, 0);
    return true;
  }
  void rest() {}
  std::uint64_t broken() const { return hit ? in_the_gap : 0; }
  std::uint64_t witnessed() const { return 0; }
  bool operator==(const LateGap&) const = default;
  void encode(sim::Encoder& encoder) const {
    encoder.add(done[0]);
    encoder.add(done[1]);
    encoder.add(hit);
    sim::encode(encoder, queue);
  }
};
static_assert(sim::System<LateGap>);

template <class World, class MakeChooser>
std::uint64_t broken_runs(const World& start, std::uint64_t seeds, MakeChooser make) {
  std::uint64_t count = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    World world = start;
    auto chooser = make(seed);
    sim::NoTrace no_trace;
    sim::simulate(world, {.chooser = chooser, .trace = no_trace}, 1000);
    if (world.broken() != 0) ++count;
  }
  return count;
}

auto pct(std::uint32_t depth, std::uint64_t steps) {
  return [=](std::uint64_t seed) { return PctChooser(seed, {.depth = depth, .steps = steps}); };
}

TEST_CASE("without a change point each lane runs to its end, in a random order") {
  toys::CounterRace race(2);
  CHECK(broken_runs(race, 1000, pct(1, 4)) == 0);
  std::uint64_t second_first = 0;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    toys::CounterRace world = race;
    PctChooser chooser(seed, {.depth = 1, .steps = 4});
    sim::NoTrace no_trace;
    sim::simulate(world, {.chooser = chooser, .trace = no_trace}, 1000);
    if (chooser.answers() == sim::Path{1, 1}) ++second_first;
  }
  CHECK(second_first > 450);
  CHECK(second_first < 550);
}

// The first thread's read is the step after which it must fall: one of the four steps.
TEST_CASE("a lost update of two threads is found as often as it is drawn") {
  const std::uint64_t found = broken_runs(toys::CounterRace(2), 4000, pct(2, 4));
  CHECK(found > 900);  // 1 in 4.
  CHECK(found < 1100);
  CHECK(found >= 4000 / sim::pct_runs_per_bug(2, {.depth = 2, .steps = 4}));
}

// Priorities must put the first thread first, 1 in 2, and the change point must be its step before
// the last one, 1 in 16. By lot, the first thread must be chosen seven times running: 1 in 128, and
// then the other one: 1 in 256.
TEST_CASE("a bug of depth 2 is found more often than by lot, and never with depth 1") {
  const LateGap start;
  const std::uint64_t seeds = 8000;
  const auto by_lot = [](std::uint64_t seed) { return sim::SeededChooser(seed); };
  CHECK(broken_runs(start, seeds, pct(1, 16)) == 0);
  const std::uint64_t found = broken_runs(start, seeds, pct(2, 16));
  CHECK(found > 200);  // 1 in 32: 250.
  CHECK(found < 300);
  CHECK(sim::pct_runs_per_bug(2, {.depth = 2, .steps = 16}) == 32);  // What is promised, exactly.
  const std::uint64_t found_by_lot = broken_runs(start, seeds, by_lot);
  CHECK(found_by_lot > 15);  // 1 in 256: 31.
  CHECK(found_by_lot < 50);
}

TEST_CASE("the same seed gives the same answers, and they replay") {
  const LateGap start;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    LateGap first = start;
    PctChooser one(seed, {.depth = 3, .steps = 16});
    PctChooser other(seed, {.depth = 3, .steps = 16});
    sim::NoTrace no_trace;
    const sim::Run run = sim::simulate(first, {.chooser = one, .trace = no_trace}, 1000);
    LateGap second = start;
    sim::simulate(second, {.chooser = other, .trace = no_trace}, 1000);
    CHECK(one.answers() == other.answers());
    LateGap again = start;
    const sim::Replay replayed = sim::replay(again, one.answers(), run.steps, no_trace);
    CHECK_FALSE(replayed.diverged);
    CHECK(again == first);
  }
}

TEST_CASE("no run leaves the states that explore visits") {
  const toys::CounterRace start(3);
  const sim::ExploreReport all = sim::explore(start, {.keep_fingerprints = true});
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    toys::CounterRace world = start;
    PctChooser chooser(seed, {.depth = static_cast<std::uint32_t>(1 + seed % 4), .steps = 6});
    sim::NoTrace no_trace;
    while (world.step({.chooser = chooser, .trace = no_trace})) {
      CHECK(std::ranges::binary_search(all.fingerprints, sim::fingerprint_of(world)));
    }
  }
}

// The first thread waits for the second one by asking again.
struct Waiting {
  bool said = false;
  bool heard = false;
  sim::EventQueue<std::uint8_t> queue;

  Waiting() {
    for (std::uint32_t i = 0; i < 2; ++i) queue.post(sim::Lane{i}, 0, 0);
  }
  bool step(sim::Turn turn) {
    if (queue.empty()) return false;
    const sim::Candidates candidates(queue);
    const sim::Lane lane = candidates.nth(turn.chooser.choose_next("who is next?", candidates));
    queue.take(lane);
    if (lane.value == 1) said = true;
    if (lane.value == 0) heard = said;
    if (lane.value == 0 && !heard) queue.post(lane, 0, 0);
    return true;
  }
  void rest() {}
  std::uint64_t broken() const { return 0; }
  std::uint64_t witnessed() const { return 0; }
  bool operator==(const Waiting&) const = default;
  void encode(sim::Encoder& encoder) const {
    encoder.add(said);
    encoder.add(heard);
    sim::encode(encoder, queue);
  }
};

TEST_CASE("a lane that waits by trying again does not run for ever") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Waiting world;
    PctChooser chooser(seed, {.depth = 1, .steps = 4});
    sim::NoTrace no_trace;
    CHECK(sim::simulate(world, {.chooser = chooser, .trace = no_trace}, 1000).at_rest);
  }
}

TEST_CASE("what is promised is n k^(d-1), and saturates") {
  CHECK(sim::pct_runs_per_bug(3, {.depth = 1, .steps = 100}) == 3);
  CHECK(sim::pct_runs_per_bug(3, {.depth = 3, .steps = 100}) == 30'000);
  CHECK(sim::pct_runs_per_bug(3, {.depth = 64, .steps = 100}) == ~std::uint64_t{0});
}

TEST_CASE("lanes are counted when they are first candidates") {
  toys::CounterRace world(3);
  PctChooser chooser(1, {.depth = 2, .steps = 6});
  sim::NoTrace no_trace;
  sim::simulate(world, {.chooser = chooser, .trace = no_trace}, 1000);
  CHECK(chooser.lanes() == 3);
}
}  // namespace
