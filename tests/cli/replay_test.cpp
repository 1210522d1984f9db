// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "tests/cli/example.hpp"
#include "tests/cli/support.hpp"

namespace {

using cli::testing::golden;
using cli::testing::race;
using cli::testing::Said;
using language::RunMode;

struct Example {
  std::string path;
  std::string steps;
};

// That of the first claim that is not as the scenario says.
Example example_of(const cli::Scenario& scenario) {
  const auto json = nlohmann::json::parse(cli::testing::run(scenario, {"--json"}).out);
  return {json["counterexample"]["path"], json["counterexample"]["steps"].dump()};
}

TEST_CASE("a counterexample can be shown again, and breaks the same claim") {
  const cli::Scenario scenario = race(model::NonePolicy{});
  const Example example = example_of(scenario);
  const Said said =
      cli::testing::replay(scenario, {"--path", example.path, "--steps", example.steps});
  CHECK(said.status == 1);
  CHECK(said.out == golden("replay.txt", said.out));
  CHECK(said.out.find("never use_after_free: is broken") != std::string::npos);
}

TEST_CASE("a path of a simulated run is followed by time") {
  const cli::Scenario scenario = race(model::PinAllPolicy{}, RunMode::simulate);
  const Example example = example_of(scenario);
  const Said said =
      cli::testing::replay(scenario, {"--path", example.path, "--steps", example.steps});
  CHECK(said.status == 1);
  CHECK(said.out.find("time us") != std::string::npos);
}

TEST_CASE("a path that does not fit is refused, and nothing is shown") {
  const cli::Scenario scenario = race(model::NonePolicy{});
  const Example example = example_of(scenario);
  for (const auto& [path, steps] :
       {Example{example.path + ".0.0", example.steps}, Example{example.path, "3"},
        Example{"9", "1"}, Example{"", "100000"}}) {
    const Said said = cli::testing::replay(scenario, {"--path", path, "--steps", steps});
    CHECK(said.status == 2);
    CHECK(said.out == "");
    CHECK(said.err.find("does not fit race.sd") != std::string::npos);
  }
}

TEST_CASE("what is no path is refused") {
  const Said said =
      cli::testing::replay(race(model::NonePolicy{}), {"--path", "left", "--steps", "1"});
  CHECK(said.status == 2);
  CHECK(said.err == "shootdown: 'left' is not a path: it looks like 0.2.1\n");
}

TEST_CASE("the command to replay a long path has lines that a shell joins") {
  const cli::Scenario scenario = race(model::NonePolicy{});
  const cli::Case what = cli::cases_of({&scenario, 1}).front();
  model::ClaimResult result{.steps = 400};
  for (sim::Answer i = 0; i < 200; ++i) result.path.push_back(i % 2);
  const std::string command = cli::replay_command(what, result, {});
  CHECK(cli::testing::wide_lines(command).empty());
  std::string joined = command;
  for (std::size_t at = 0; (at = joined.find("\\\n")) != std::string::npos;) joined.erase(at, 2);
  CHECK(joined.find("--path " + sim::to_text(result.path) + " ") != std::string::npos);
  CHECK(joined.find("--steps 400") != std::string::npos);
}

TEST_CASE("the command to replay says what the command line chose, as a shell reads it") {
  const cli::Scenario scenario = race(model::NonePolicy{});
  cli::Options options;
  options.choices = {.params = {{"theta", "it's"}}, .policy = "none", .kernel = "6.1"};
  const std::string command =
      cli::replay_command(cli::cases_of({&scenario, 1}).front(), {.path = {}}, options);
  CHECK(command ==
        "  shootdown replay race.sd -D 'theta=it'\\''s' --policy none --kernel 6.1 \\\n"
        "    --path '' --steps 0\n");
}

}  // namespace
