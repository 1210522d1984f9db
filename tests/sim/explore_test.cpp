// SPDX-License-Identifier: Apache-2.0
#include "sim/explore.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "tests/sim/aborts.hpp"
#include "tests/sim/toys.hpp"

namespace {
using sim::Ended;
using sim::explore;
using sim::ExploreOptions;
using sim::ExploreReport;

constexpr std::uint64_t most = ~std::uint64_t{0};

// Has no claims and nothing to witness.
struct Innocent {
  void rest() {}
  std::uint64_t broken() const { return 0; }
  std::uint64_t witnessed() const { return 0; }
};

// Breaks one claim in a step and another one at rest, at the same depth or one later.
struct TwoWays : Innocent {
  std::uint8_t place = 0;
  std::uint64_t broke = 0;

  // 0 -> 1 -> 2, breaking the claim on arrival; 0 -> 3, breaking it at rest.
  bool step(sim::Turn turn) {
    if (place >= 2) return false;
    place = place == 1 ? 2 : turn.chooser.choose("1 or 3?", 2) == 0 ? 1 : 3;
    if (place == 2) broke = 1;
    return true;
  }
  void rest() { broke = 1; }
  std::uint64_t broken() const { return broke; }
  bool operator==(const TwoWays& other) const {
    return place == other.place && broke == other.broke;
  }
  void encode(sim::Encoder& encoder) const {
    encoder.add(place);
    encoder.add(broke);
  }
};

// Counts to nine; what == compares and what encode() writes can be set apart.
enum class Forgets : std::uint8_t { nothing, to_encode, to_compare };
template <Forgets forgets>
struct Forgetful : Innocent {
  std::uint8_t count = 0;
  std::uint8_t colour = 0;

  bool step(sim::Turn turn) {
    if (count == 9) return false;
    colour = static_cast<std::uint8_t>(turn.chooser.choose("which colour?", 3));
    ++count;
    return true;
  }
  bool operator==(const Forgetful& other) const {
    return count == other.count && (forgets == Forgets::to_compare || colour == other.colour);
  }
  void encode(sim::Encoder& encoder) const {
    encoder.add(count);
    if (forgets != Forgets::to_encode) encoder.add(colour);
  }
};

// Asks two questions when it has come to rest.
struct Undecided : Innocent {
  bool step(sim::Turn turn) { return turn.chooser.choose("is this the end?", 2) == 1; }
  bool operator==(const Undecided&) const { return true; }
  void encode(sim::Encoder&) const {}
};

TEST_CASE("the lost update is found in four steps, among twelve states and six executions") {
  const ExploreReport report = explore(toys::CounterRace(2), {});
  CHECK(report.complete());
  CHECK(report.states == 12);
  CHECK(report.transitions == 14);
  CHECK(report.depth == 4);
  CHECK(report.finals == 2);
  CHECK(report.executions == 6);
  CHECK_FALSE(report.unbounded);
  REQUIRE(report.counterexamples.size() == 1);
  CHECK(report.counterexamples[0].claim == 0);
  CHECK(report.counterexamples[0].steps == 4);
}

TEST_CASE("final states are classed by what they break and what they witness") {
  const ExploreReport report = explore(toys::CounterRace(2), {});
  REQUIRE(report.finals_by_class.size() == 2);
  CHECK(report.finals_by_class[0].broken == 0);
  CHECK(report.finals_by_class[0].witnessed == 4);  // The counter is 2,
  CHECK(report.finals_by_class[0].executions == 2);
  CHECK(report.finals_by_class[1].broken == toys::CounterRace::update_lost);
  CHECK(report.finals_by_class[1].witnessed == 2);  // or 1.
  CHECK(report.finals_by_class[1].executions == 4);
  CHECK(report.finals_by_class[1].steps == 4);
}

TEST_CASE("three threads that read and write have ninety executions") {
  CHECK(explore(toys::CounterRace(3), {}).executions == 90);  // 6! / 2! / 2! / 2!
}

TEST_CASE("diamonds have as many executions as ways to the power of stages") {
  const ExploreReport report = explore(toys::Diamonds{.stages = 12, .ways = 3}, {});
  CHECK(report.states == 12 * 4 + 1);
  CHECK(report.transitions == 12 * 6);
  CHECK(report.executions == 531'441);
  CHECK(report.depth == 24);
  CHECK(report.finals == 1);
}

TEST_CASE("executions do not run over: 2^63 is exact, 2^64 is the largest number") {
  CHECK(explore(toys::Diamonds{.stages = 63}, {}).executions == std::uint64_t{1} << 63);
  CHECK(explore(toys::Diamonds{.stages = 64}, {}).executions == most);
  CHECK(explore(toys::Diamonds{.stages = 100}, {}).executions == most);
}

TEST_CASE("a cycle makes executions unbounded") {
  const ExploreReport report = explore(toys::Ring{}, {});
  CHECK(report.complete());
  CHECK(report.states == 10);
  CHECK(report.finals == 5);
  CHECK(report.unbounded);
  CHECK(report.executions == most);
}

TEST_CASE("a ring without an end has no execution that comes to rest") {
  const ExploreReport report = explore(toys::Ring{.may_stop = false}, {});
  CHECK(report.states == 5);
  CHECK(report.finals == 0);
  CHECK(report.unbounded);
  CHECK(report.executions == 0);
}

TEST_CASE("locks taken in opposite order deadlock after two steps") {
  const ExploreReport report = explore(toys::LockOrder{}, {});
  CHECK(report.complete());
  REQUIRE(report.counterexamples.size() == 1);
  CHECK(report.counterexamples[0].steps == 2);
  CHECK(report.finals == 2);
}

TEST_CASE("philosophers have Pell-Lucas many states and deadlock once each holds one fork") {
  const std::array<std::uint64_t, 7> states{6, 14, 34, 82, 198, 478, 1154};
  for (std::size_t count = 2; count <= 8; ++count) {
    const ExploreReport report = explore(toys::Philosophers(count), {});
    CHECK(report.states == states[count - 2]);
    CHECK(report.finals == 1);
    CHECK(report.unbounded);
    REQUIRE(report.counterexamples.size() == 1);
    CHECK(report.counterexamples[0].steps == count);
  }
}

TEST_CASE("a world at rest from the start is one state and one execution of no steps") {
  const ExploreReport report = explore(toys::Diamonds{.stages = 0}, {});
  CHECK(report.complete());
  CHECK(report.states == 1);
  CHECK(report.executions == 1);
  CHECK(report.depth == 0);
}

TEST_CASE("a claim that breaks at rest on a shorter path wins over one that broke in a step") {
  const ExploreReport report = explore(TwoWays{}, {});
  REQUIRE(report.counterexamples.size() == 1);
  CHECK(report.counterexamples[0].steps == 1);
  CHECK(report.counterexamples[0].path == sim::Path{1});
}

TEST_CASE("a search that is stopped by the number of states is not complete") {
  const ExploreReport report = explore(toys::CounterRace(2), {.states_max = 11});
  CHECK(report.ended == Ended::states);
  CHECK_FALSE(report.complete());
  CHECK(report.states == 11);
}

TEST_CASE("a search that just fits into the number of states is complete") {
  const ExploreReport report = explore(toys::CounterRace(2), {.states_max = 12});
  CHECK(report.complete());
  CHECK(report.states == 12);
}

TEST_CASE("a search that is stopped by memory is not complete") {
  CHECK(explore(toys::CounterRace(2), {.bytes_max = 1}).ended == Ended::memory);
  CHECK(explore(toys::CounterRace(2), {.bytes_max = 1'000'000}).complete());
}

TEST_CASE("a search that is stopped by its caller is not complete, and sees how far it is") {
  sim::Progress last;
  ExploreOptions options;
  options.stop = [&](const sim::Progress& progress) {
    last = progress;
    return progress.states > 2000;
  };
  const ExploreReport report = explore(toys::Philosophers(10), options);
  CHECK(report.ended == Ended::stopped);
  CHECK(last.states > 2000);
  CHECK(last.frontier > 0);
  CHECK(last.depth > 0);
  CHECK(last.bytes > last.states * sizeof(sim::Fingerprint));
}

TEST_CASE("a search for a broken claim ends with the level in which it was broken") {
  ExploreOptions options;
  options.stop_after_broken = toys::LockOrder::deadlocked;
  const ExploreReport report = explore(toys::LockOrder{}, options);
  CHECK(report.ended == Ended::found);
  CHECK_FALSE(report.complete());
  REQUIRE(report.counterexamples.size() == 1);
  CHECK(report.counterexamples[0].steps == 2);
  CHECK(report.depth == 3);
  CHECK(report.states < explore(toys::LockOrder{}, {}).states);
}

TEST_CASE("a search for two broken claims does not end when one is broken") {
  ExploreOptions options;
  options.stop_after_broken = toys::Philosophers::deadlocked | 2;
  CHECK(explore(toys::Philosophers(5), options).complete());
}

TEST_CASE("comparing worlds finds a field that is not encoded") {
  using Good = Forgetful<Forgets::nothing>;
  using Bad = Forgetful<Forgets::to_encode>;
  CHECK_FALSE(aborts([] { explore(Good{}, {.compare_worlds = true}); }));
  CHECK_FALSE(aborts([] { explore(Bad{}, {}); }));
  CHECK(aborts([] { explore(Bad{}, {.compare_worlds = true}); }));
}

TEST_CASE("comparing worlds finds a field that is encoded and not compared") {
  using Bad = Forgetful<Forgets::to_compare>;
  CHECK_FALSE(aborts([] { explore(Bad{}, {}); }));
  CHECK(aborts([] { explore(Bad{}, {.compare_worlds = true}); }));
}

TEST_CASE("the toys themselves forget nothing") {
  CHECK_FALSE(aborts([] {
    explore(toys::CounterRace(3), {.compare_worlds = true});
    explore(toys::Philosophers(6), {.compare_worlds = true});
    explore(toys::LockOrder{}, {.compare_worlds = true});
    explore(toys::Ring{}, {.compare_worlds = true});
    explore(toys::Diamonds{.stages = 5}, {.compare_worlds = true});
  }));
}

TEST_CASE("a world that asks questions at rest is a mistake") {
  CHECK(aborts([] { explore(Undecided{}, {}); }));
}

TEST_CASE("exploring twice gives the same report") {
  const ExploreOptions options{.keep_fingerprints = true};
  const ExploreReport one = explore(toys::CounterRace(4), options);
  const ExploreReport two = explore(toys::CounterRace(4), options);
  CHECK(one.fingerprints == two.fingerprints);
  CHECK(one.fingerprints.size() == one.states);
  CHECK(std::ranges::is_sorted(one.fingerprints));
  CHECK(one.counterexamples[0].path == two.counterexamples[0].path);
  CHECK(one.bytes_per_state == two.bytes_per_state);
}
}  // namespace
