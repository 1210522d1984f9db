// SPDX-License-Identifier: Apache-2.0
// What a report says of an example beyond the example: against replays of the same scenario.
#include "cli/insight.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "cli/by_time.hpp"
#include "model/world.hpp"
#include "sim/simulate.hpp"
#include "tests/cli/example.hpp"
#include "tests/cli/support.hpp"

namespace {

using cli::chance_text;
using cli::testing::contains;
using cli::testing::race;
using cli::testing::Said;
using sim::chance_one;

nlohmann::json counterexample(const std::vector<std::string>& options = {"--json"}) {
  const Said said = cli::testing::run(race(model::NonePolicy{}), options);
  return nlohmann::json::parse(said.out)["counterexample"];
}

TEST_CASE("a chance that is neither none nor one never looks so") {
  CHECK(chance_text(0) == "0.0000");
  CHECK(chance_text(1) == "0.0001");
  CHECK(chance_text(chance_one / 2) == "0.5000");
  CHECK(chance_text(chance_one * 2 / 3) == "0.6667");
  CHECK(chance_text(chance_one - 1) == "0.9999");
  CHECK(chance_text(chance_one) == "1.0000");
}

TEST_CASE("an example has the chances of its end before and after each step") {
  const auto found = counterexample();
  const auto& chances = found["decision"]["chances_ppb"];
  CHECK(chances.size() == found["steps"].get<std::size_t>() + 1);
  CHECK(chances.front() < 500'000'000);
  CHECK(chances.back() == 1'000'000'000);
  const std::size_t step = found["decision"]["step"];
  CHECK(chances[step] == 1'000'000'000);
  CHECK(chances[step - 1] < 1'000'000'000);
}

TEST_CASE("the way out of an example replays, and breaks nothing") {
  const auto found = counterexample();
  const auto& way_out = found["decision"]["way_out"];
  const std::vector<std::string> options{"--path", way_out["path"], "--steps",
                                         way_out["steps"].dump()};
  const Said said = cli::testing::replay(race(model::NonePolicy{}), options);
  CHECK(said.err == "");
  CHECK(contains(said.out, "then nothing can happen any more"));
  CHECK_FALSE(contains(said.out, "use_after_free: is broken"));
}

TEST_CASE("no decision is known of a search that a limit ended") {
  CHECK(counterexample({"--json", "--state-limit", "100"})["decision"].is_null());
  CHECK_FALSE(counterexample()["decision"].is_null());
}

TEST_CASE("an example that no timing shows says so") {
  const auto by_time = counterexample()["by_time"];
  CHECK(by_time["runs"] == 3);
  CHECK(by_time["shown"] == 0);
  const std::string note = "\n note: no timing by these costs shows it: 3 runs by time\n";
  CHECK(contains(cli::testing::run(race(model::NonePolicy{})).out, note));
}

TEST_CASE("runs by time are counted as they end, whoever makes them") {
  const auto scenario = race(model::NonePolicy{});
  model::Setup& setup = *scenario.loaded.cells.front().setup;
  bool some = false;
  bool none = false;
  for (sim::Nanoseconds delay = 0; delay < 400'000; delay += 4'000) {
    CAPTURE(delay);
    for (model::Line& line : setup.lines) {
      if (line.call.verb == model::Verb::munmap) line.gate.delay = delay;
    }
    const auto all = cli::all_runs_by_time(setup);
    REQUIRE(all);
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      model::World world(setup, sim::Order::by_time);
      sim::SeededChooser chooser(seed);
      sim::NoTrace quiet;
      REQUIRE(sim::simulate(world, {.chooser = chooser, .trace = quiet}, 10'000).at_rest);
      for (std::size_t claim = 0; claim < setup.claims.size(); ++claim) {
        const model::Claim::Kind kind = setup.claims[claim].kind;
        if (kind == model::Claim::Kind::exists) continue;
        const bool ends_well = kind != model::Claim::Kind::not_exists;
        const bool broken = (((ends_well ? world.broken() : world.witnessed()) >> claim) & 1) != 0;
        if (broken) CHECK(all->failing[claim] > 0);
        if (!broken) CHECK(all->failing[claim] < all->runs);
        some = some || broken;
        none = none || all->failing[claim] == 0;
      }
    }
  }
  CHECK(some);
  CHECK(none);
}

TEST_CASE("who may start anywhere in a window has more runs by time than are made") {
  const auto scenario = race(model::NonePolicy{});
  model::Setup& setup = *scenario.loaded.cells.front().setup;
  REQUIRE(cli::all_runs_by_time(setup));
  setup.lines.back().gate.window = 1'000;
  CHECK_FALSE(cli::all_runs_by_time(setup));
}

TEST_CASE("what led to a failure is shown with the tables after each step") {
  const Said said =
      cli::testing::program({"run", "scenarios/1-odp-munmap-race.sd", "--policy", "none", "--why"});
  CHECK(said.out == cli::testing::golden("why.txt", said.out));
  CHECK(cli::testing::wide_lines(said.out).empty());
  CHECK_FALSE(contains(cli::testing::run(race(model::NonePolicy{})).out, "why:"));
}

TEST_CASE("an example is shown with its chances, its decision and a near miss") {
  const Said said = cli::testing::run(race(model::NonePolicy{}), {"--format", "text", "-v"});
  CHECK(contains(said.out, "\n note: decided at step 13: "));
  CHECK(contains(said.out, "\n note: near miss: "));
  CHECK(contains(said.out, "\nnear miss ("));
  CHECK(contains(said.out, "\n  step  chance      actor      event"));
  CHECK(contains(said.out, "\n    13  INEVITABLE  "));
  CHECK(cli::testing::wide_lines(said.out).empty());
}

}  // namespace
