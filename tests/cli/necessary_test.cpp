// SPDX-License-Identifier: Apache-2.0
// What is needed in a scenario, against runs of the same scenario without it.
#include <doctest/doctest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "tests/cli/support.hpp"

namespace {

using cli::testing::golden;
using cli::testing::program;
using cli::testing::Said;

constexpr const char* swap_out = "scenarios/odp/swap-out.sd";
constexpr const char* munmap_race = "scenarios/1-odp-munmap-race.sd";

TEST_CASE("what is necessary is shown as a table") {
  const Said said = program({"necessary", swap_out});
  CHECK(said.status == 0);
  CHECK(said.err == "");
  CHECK(said.out == golden("necessary.txt", said.out));
  CHECK(cli::testing::wide_lines(said.out).empty());
  const Said verbose = program({"necessary", swap_out, "-v"});
  CHECK(verbose.out == golden("necessary.verbose.txt", verbose.out));
  CHECK(cli::testing::wide_lines(verbose.out).empty());
}

TEST_CASE("a scenario fails without what is needed, and only then") {
  const auto json = nlohmann::json::parse(program({"necessary", munmap_race, "--json"}).out);
  std::map<std::string, int> results;
  for (const auto& one : json["mechanisms"]) {
    const std::string set = one["name"].get<std::string>() + "=" + one["value"].get<std::string>();
    CAPTURE(set);
    const std::string result = one["result"];
    ++results[result];
    CHECK(program({munmap_race, "--set", set}).status == (result == "needed" ? 1 : 0));
    if (!one["path"].is_string()) continue;
    const std::vector<std::string> replay{"replay", munmap_race, "--set",   set,
                                          "--path", one["path"], "--steps", one["steps"].dump()};
    CHECK(program(replay).status == 1);
    CHECK(one["differs_at"] <= one["steps"]);
  }
  CHECK(results["needed"] >= 3);
  CHECK(results["redundant"] >= 3);
  CHECK(results["undecided"] == 0);
}

TEST_CASE("a search that a limit ends proves nothing redundant") {
  const Said said = program({"necessary", swap_out, "--state-limit", "20", "--json"});
  CHECK(said.status == 3);
  CHECK(said.out.find("redundant") == std::string::npos);
}

TEST_CASE("nothing is redundant where a claim fails as it is") {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"necessary", munmap_race, "--policy", "none"},
        std::vector<std::string>{"necessary", "scenarios/odp/no-recheck.sd"}}) {
    const Said said = program(arguments);
    CHECK(said.status == 0);
    CHECK(said.out.find("redundant") == std::string::npos);
    CHECK(said.out.find("no change  no further claim fails in ") != std::string::npos);
    CHECK(cli::testing::wide_lines(said.out).empty());
  }
}

TEST_CASE("nothing is needed for a claim that was not decided with it") {
  const Said said = program({"necessary", swap_out, "--state-limit", "300"});
  CHECK(said.status == 3);
  CHECK(said.out.find("needed") == std::string::npos);
  CHECK(said.out.find("redundant") == std::string::npos);
  CHECK(said.out.find("undecided") != std::string::npos);
}

TEST_CASE("a setting that no policy in force has is refused, and so is a value") {
  for (const char* set : {"no_such=no", "recheck=maybe", "heed_refusal=active", "unpin=no"}) {
    const Said said = program({"run", swap_out, "--set", set});
    CHECK(said.status == 2);
    CHECK(said.out == "");
    CHECK(said.err.find("no policy in force has this setting") != std::string::npos);
  }
  CHECK(program({"run", swap_out, "--set", "recheck"}).status == 2);
  CHECK(program({"run", swap_out, "--set", "retries=9"}).status == 0);
}

}  // namespace
