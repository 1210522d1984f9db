// SPDX-License-Identifier: Apache-2.0
// What a person reads. UPDATE_EXPECT=1 rewrites the files of golden/; review the difference.
#include "cli/report.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/cli/example.hpp"
#include "tests/cli/support.hpp"

namespace {

using cli::testing::contains;
using cli::testing::golden;
using cli::testing::race;
using cli::testing::Said;
using cli::testing::wide_lines;
using language::RunMode;

TEST_CASE("a report of an exploration has a table, places and a command to replay it") {
  const Said said = cli::testing::run(race(model::NonePolicy{}));
  CHECK(said.status == 1);
  CHECK(said.err == "");
  CHECK(said.out == golden("explore.txt", said.out));
  CHECK(wide_lines(said.out).empty());
}

TEST_CASE("a simulated run is shown as a timeline before its report") {
  const Said said = cli::testing::run(race(model::IntervalNotifierPolicy{}, RunMode::simulate));
  CHECK(said.out == golden("simulate.txt", said.out));
  CHECK(wide_lines(said.out).empty());
}

TEST_CASE("a sample is never called complete") {
  const Said said = cli::testing::run(race(model::NonePolicy{}, RunMode::random));
  CHECK(said.out == golden("random.txt", said.out));
  CHECK(contains(said.out, "a sample, not complete"));
}

TEST_CASE("questions are answered and make no verdict") {
  const Said said = cli::testing::run(cli::testing::lesson());
  CHECK(said.status == 0);
  CHECK(said.out == golden("lesson.txt", said.out));
}

TEST_CASE("two runs with the same seed print the same bytes") {
  const cli::Scenario scenario = race(model::NonePolicy{}, RunMode::random);
  CHECK(cli::testing::run(scenario, {"--json"}).out == cli::testing::run(scenario, {"--json"}).out);
}

TEST_CASE("quiet says nothing of what is as claimed") {
  cli::Scenario scenario = race(model::IntervalNotifierPolicy{});
  auto& claims = scenario.loaded.cells.front().setup->claims;
  std::erase_if(claims, [](const model::Claim& claim) {
    return claim.kind == model::Claim::Kind::not_exists;
  });
  const Said said = cli::testing::run(scenario, {"-q"});
  CHECK(said.status == 0);
  CHECK(said.out == "");
}

TEST_CASE("verbose lists each expected result") {
  const Said said = cli::testing::run(race(model::NonePolicy{}), {"-v"});
  CHECK(contains(said.out, "call    munmap(buf) = 0 as U"));
  CHECK_FALSE(contains(said.out, "calls   2 of 2"));
}

TEST_CASE("a search that a limit ends has decided nothing that it could not see") {
  const Said said = cli::testing::run(race(model::NonePolicy{}), {"--state-limit", "5"});
  CHECK(said.status == 3);
  CHECK(contains(said.out, "stopped: state limit 5"));
  CHECK(contains(said.out, "undecided"));
  CHECK_FALSE(contains(said.out, " ok"));
}

TEST_CASE("a run that does not come to rest in its steps is undecided") {
  const Said said =
      cli::testing::run(race(model::NonePolicy{}, RunMode::simulate), {"--step-limit", "3", "-q"});
  CHECK(said.status == 3);
  CHECK(contains(said.out, "stopped: step limit 3"));
}

TEST_CASE("what is expected to fail and holds is a failure") {
  cli::Scenario scenario = race(model::IntervalNotifierPolicy{});
  scenario.loaded.cells.front().setup->claims[2].expect_fail = true;
  const Said said = cli::testing::run(scenario);
  CHECK(said.status == 1);
  CHECK(contains(said.out, "FAIL   does not fail"));
  CHECK(contains(said.out, "FAIL: expect fail never use_after_free"));
}

TEST_CASE("what is expected to fail and does so is as claimed") {
  cli::Scenario scenario = race(model::NonePolicy{});
  auto& claims = scenario.loaded.cells.front().setup->claims;
  claims[2].expect_fail = claims[5].expect_fail = true;
  const Said said = cli::testing::run(scenario);
  CHECK(said.status == 0);
  CHECK(contains(said.out, "fails as expected"));
  CHECK_FALSE(contains(said.out, "FAIL"));
}

TEST_CASE("several runs are summed up") {
  cli::Scenario scenario = race(model::IntervalNotifierPolicy{});
  cli::Scenario other = race(model::PinAllPolicy{});
  scenario.loaded.cells.push_back(std::move(other.loaded.cells.front()));
  scenario.loaded.cells[0].params = {{"policy", "interval_notifier"}};
  scenario.loaded.cells[1].params = {{"policy", "pin_all"}};
  const Said said = cli::testing::run(scenario);
  CHECK(contains(said.out, "  with policy = pin_all\n"));
  CHECK(contains(said.out, "2 runs: 0 as claimed, 2 not, 0 undecided"));
  CHECK(contains(said.out, "replay race.sd -D policy=pin_all --path"));
}

TEST_CASE("whatever a claim's text and its counts are, a line has at most 80 columns") {
  const cli::Scenario scenario = race(model::NonePolicy{});
  const cli::Case what{.scenario = &scenario, .cell = &scenario.loaded.cells.front()};
  auto& claims = scenario.loaded.cells.front().setup->claims;
  constexpr std::uint64_t longest = 9'999'999'999;
  for (const bool decided : {true, false}) {
    for (std::size_t width = 1; width < 90; ++width) {
      CAPTURE(width);
      cli::Outcome outcome{.executions = longest};
      for (std::uint32_t i = 0; i < claims.size(); ++i) {
        claims[i].text = std::string(std::min(width, std::size_t{60}), 'x') + " " +
                         std::string(width > 60 ? width - 60 : 1, 'y');
        outcome.verdict.claims.push_back({.claim = i,
                                          .as_expected = i % 2 == 0 || !decided,
                                          .decided = decided,
                                          .positive = longest,
                                          .negative = longest});
      }
      std::string text;
      cli::Output out(text);
      cli::write_result(out, what, outcome, {});
      CHECK(wide_lines(text).empty());
    }
  }
}

TEST_CASE("counts are exact as long as a reader can take them in") {
  CHECK(cli::count_text(9'999'999'999) == "9999999999");
  CHECK(cli::count_text(10'000'000'000) == "1.00e10");
  CHECK(cli::count_text(2'024'493'511'223) == "2.02e12");
  CHECK(cli::count_text(~std::uint64_t{0}) == ">=1.8e19");
}

constexpr const char* spinner = R"(// SPDX-License-Identifier: Apache-2.0
scenario "spinner"
host A { cpus 2; ram 64 pages; device rnic0: rnic { odp on } }
policy kvm { ask_write no }
process app on A { region buf: anon 1 page rw }
init { app: mr := reg_mr(A.rnic0, buf, odp)  = ok }
thread A.rnic0 { dma_write(mr[0], 2) }
thread app.t0 { WRITE_ONCE(buf[0], 1) }
never livelock, starvation, deadlock, fault_stuck, quiesce_stuck
)";

TEST_CASE("what fails in a part of the states fails in all of them") {
  const cli::testing::Folder folder;
  const std::string path = folder.write("spinner.sd", spinner);
  const auto failing = [&path](const std::vector<std::string>& options) {
    std::vector<std::string> arguments{"run", path, "--json"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const auto json = nlohmann::json::parse(cli::testing::program(arguments).out);
    std::set<std::string> texts;
    for (const auto& claim : json["claims"]) {
      if (claim["decided"] == true && claim["holds"] == false)
        texts.insert(claim["text"].get<std::string>());
    }
    return std::pair(texts, json["states"].get<int>());
  };
  const auto [all, states] = failing({});
  REQUIRE(states > 500);
  for (int limit = 2; limit < states; ++limit) {
    CAPTURE(limit);
    const auto some = failing({"--state-limit", std::to_string(limit)}).first;
    CHECK(std::ranges::includes(all, some));
  }
}

TEST_CASE("where nothing can be reduced, the report is that of an unreduced search") {
  const auto report = [](const std::vector<std::string>& options) {
    std::vector<std::string> arguments{"run", "scenarios/odp/kvm.sd"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return cli::testing::program(arguments).out;
  };
  const auto json = [&report](std::vector<std::string> options) {
    options.emplace_back("--json");
    auto parsed = nlohmann::json::parse(report(options));
    parsed.erase("reduce");
    return parsed;
  };
  CHECK(json({"--reduce", "all"}) == json({}));
  CHECK(json({"--reduce", "all", "--coverage"}) == json({"--coverage"}));
  CHECK(contains(report({"--reduce", "all"}), "not reduced"));
  CHECK_FALSE(contains(report({}), "not reduced"));
}

// Many executions that end differently, and a question that tells them apart.
std::string many_endings() {
  std::string text = R"(// SPDX-License-Identifier: Apache-2.0
scenario "many"
host A { cpus 4; ram 64 pages; device rnic0: rnic { odp on } }
policy interval_notifier
process app on A { region buf: anon 1 page rw }
init { app: memset(buf, 1) }
)";
  std::string sum = "0";
  int weight = 1;
  for (int thread = 0; thread < 4; ++thread) {
    const std::string name = "app.t" + std::to_string(thread);
    text += "thread " + name + " {\n    WRITE_ONCE(buf[0], " + std::to_string(thread + 2) +
            ")\n    r0 := READ_ONCE(buf[0])\n    r1 := READ_ONCE(buf[0])\n}\n";
    for (const char* result : {":r0", ":r1"}) {
      sum += "+" + std::to_string(weight) + "*" + name + result;
      weight *= 5;
    }
  }
  return text + "never deadlock\nask \"how?\" value (" + sum + ")\n";
}

TEST_CASE("any number of threads finds the same values at rest") {
  const cli::testing::Folder folder;
  const std::string path = folder.write("many.sd", many_endings());
  const std::string one = cli::testing::program({"run", path, "--threads", "1"}).out;
  CHECK(contains(one, "(1797 values)"));
  for (int time = 0; time < 5; ++time)
    CHECK(cli::testing::program({"run", path, "--threads", "8"}).out == one);
}
}  // namespace
