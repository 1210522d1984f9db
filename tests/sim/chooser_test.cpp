// SPDX-License-Identifier: Apache-2.0
#include "sim/chooser.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/aborts.hpp"

namespace {
using sim::Path;

// A run with up to three questions; how many depends on the answers.
Path run(sim::Chooser& chooser) {
  Path seen;
  seen.push_back(chooser.choose("which first?", 2));
  seen.push_back(chooser.choose("the only one?", 1));
  if (seen[0] == 1) seen.push_back(chooser.choose("which second?", 3));
  return seen;
}

TEST_CASE("a question with a single answer is not asked") {
  sim::SeededChooser chooser(1);
  CHECK(chooser.choose("the only one?", 1) == 0);
  CHECK(chooser.answers().empty());
}

TEST_CASE("a question without an answer is a mistake") {
  CHECK(aborts([] { sim::FirstChooser().choose("which of none?", 0); }));
}

TEST_CASE("the odometer turns the last question fastest and visits each sequence once") {
  sim::ExhaustiveChooser chooser;
  std::vector<Path> visited;
  do {
    run(chooser);
    visited.push_back(chooser.answers());
  } while (chooser.advance());
  CHECK(visited == std::vector<Path>{{0}, {1, 0}, {1, 1}, {1, 2}});
}

TEST_CASE("the odometer counts all numbers of fixed width") {
  sim::ExhaustiveChooser chooser;
  std::uint32_t expected = 0;
  do {
    std::uint32_t number = 0;
    for (int digit = 0; digit < 4; ++digit) number = 5 * number + chooser.choose("digit?", 5);
    CHECK(number == expected++);
  } while (chooser.advance());
  CHECK(expected == 625);
}

TEST_CASE("the odometer starts again after the last sequence") {
  sim::ExhaustiveChooser chooser;
  for (int round = 0; round < 2; ++round) {
    int sequences = 0;
    do {
      run(chooser);
      ++sequences;
    } while (chooser.advance());
    CHECK(sequences == 4);
  }
}

TEST_CASE("a run without questions has one sequence of answers, the empty one") {
  sim::ExhaustiveChooser chooser;
  CHECK(chooser.answers().empty());
  CHECK_FALSE(chooser.advance());
}

TEST_CASE("the odometer notices a run that asks other questions the second time") {
  CHECK(aborts([] {
    sim::ExhaustiveChooser chooser;
    chooser.choose("how many?", 2);
    chooser.choose("which?", 2);
    chooser.advance();
    chooser.choose("how many?", 3);
  }));
}

TEST_CASE("the odometer notices a run that ends early the second time") {
  CHECK(aborts([] {
    sim::ExhaustiveChooser chooser;
    chooser.choose("which?", 2);
    chooser.advance();
    chooser.advance();
  }));
}

TEST_CASE("a seed gives the same answers in every build") {
  sim::SeededChooser chooser(7);
  for (std::uint32_t count = 2; count < 12; ++count) chooser.choose("which?", count);
  CHECK(sim::to_text(chooser.answers()) == "1.2.0.4.0.0.6.8.2.7");
}

TEST_CASE("a seeded chooser gives every answer sooner or later, and none too often") {
  sim::SeededChooser chooser(3);
  std::vector<int> times(6);
  for (int i = 0; i < 6000; ++i) ++times[chooser.choose("which face?", 6)];
  for (const int time : times) {
    CHECK(time > 800);
    CHECK(time < 1200);
  }
}

TEST_CASE("a seeded chooser need not keep its answers") {
  sim::SeededChooser keeping(7);
  sim::SeededChooser forgetful(7, sim::SeededChooser::Keep::none);
  for (int i = 0; i < 100; ++i) CHECK(keeping.choose("which?", 9) == forgetful.choose("which?", 9));
  CHECK(forgetful.answers().empty());
}

TEST_CASE("recorded answers replay the run") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    sim::SeededChooser sampled(seed);
    const Path seen = run(sampled);
    sim::ReplayChooser replayed(sampled.answers());
    CHECK(run(replayed) == seen);
    CHECK(replayed.used() == sampled.answers().size());
    CHECK_FALSE(replayed.diverged());
  }
}

TEST_CASE("a replay whose path is too short diverges and goes on with the first answers") {
  sim::ReplayChooser chooser({1});
  CHECK(run(chooser) == Path{1, 0, 0});
  CHECK(chooser.diverged());
  CHECK(chooser.used() == 1);
  CHECK(chooser.answers() == Path{1, 0});
}

TEST_CASE("a replay with an answer out of range diverges and uses no answer after it") {
  sim::ReplayChooser chooser({2, 1, 1});
  CHECK(run(chooser) == Path{0, 0});
  CHECK(chooser.choose("which third?", 2) == 0);
  CHECK(chooser.diverged());
  CHECK(chooser.used() == 0);
}

TEST_CASE("a path as text shortens three or more equal answers") {
  CHECK(sim::to_text({}).empty());
  CHECK(sim::to_text({0, 2, 1}) == "0.2.1");
  CHECK(sim::to_text({0, 0}) == "0.0");
  CHECK(sim::to_text({0, 0, 0}) == "0x3");
  CHECK(sim::to_text({0, 0, 0, 0, 0, 2, 7, 7, 7}) == "0x5.2.7x3");
  CHECK(sim::to_text({4294967295}) == "4294967295");
}

TEST_CASE("a path comes back from its text") {
  sim::SeededChooser chooser(5);
  for (int round = 0; round < 200; ++round) {
    Path path(chooser.choose("how long?", 40));
    for (sim::Answer& answer : path) answer = chooser.choose("which?", 3);
    CHECK(sim::parse_path(sim::to_text(path)) == path);
  }
}

TEST_CASE("both forms of a path can be read") {
  CHECK(sim::parse_path("0.0.0.2") == Path{0, 0, 0, 2});
  CHECK(sim::parse_path("0x3.2") == Path{0, 0, 0, 2});
  CHECK(sim::parse_path("") == Path{});
}

TEST_CASE("what is not a path is refused") {
  for (const std::string text :
       {".", "0.", ".0", "0..1", "a", "-1", "+1", " 0", "0 ", "0x", "0x0", "x3", "0x3x2",
        "4294967296", "0x4294967296", "0x4000000000", "0x99999999", "0,1"}) {
    CAPTURE(text);
    CHECK(sim::parse_path(text) == std::nullopt);
  }
}
TEST_CASE("a stream goes its own way, whatever is drawn from others") {
  const auto drawn = [](std::uint32_t others) {
    sim::SeededChooser chooser(7);
    std::vector<std::uint64_t> bits;
    for (int i = 0; i < 3; ++i) {
      for (std::uint32_t other = 0; other < others; ++other) chooser.bits(other);
      bits.push_back(chooser.bits(9));
    }
    return bits;
  };
  CHECK(drawn(0) == drawn(4));
}

TEST_CASE("who follows the path of a run draws what that run has drawn") {
  const auto run = [](sim::Chooser& chooser) {
    std::vector<std::uint64_t> bits;
    for (int i = 0; i < 3; ++i) {
      bits.push_back(chooser.choose("which?", 5));
      bits.push_back(chooser.bits(1));
    }
    return bits;
  };
  sim::SeededChooser first(3);
  const std::vector<std::uint64_t> bits = run(first);
  CHECK(first.answers().size() == 4);  // Three, and the seed of what is drawn.
  sim::ReplayChooser again(first.answers());
  CHECK(run(again) == bits);
  CHECK_FALSE(again.diverged());
  sim::SeededChooser other(4);
  CHECK(run(other) != bits);
}

TEST_CASE("what is drawn is the same in every build") {
  sim::FirstChooser chooser;
  CHECK(chooser.bits(0) == 0xbfef8030ddc2d772);
  CHECK(chooser.bits(2) == 0xd0bb866aae328182);
}

}  // namespace
