// SPDX-License-Identifier: Apache-2.0
// Samples: the same whoever makes them; what they say of themselves; what was covered.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/coverage_report.hpp"
#include "cli/outcome.hpp"
#include "tests/cli/example.hpp"
#include "tests/cli/support.hpp"

namespace {

using cli::testing::contains;
using cli::testing::golden;
using cli::testing::race;
using cli::testing::Said;
using cli::testing::wide_lines;
using language::RunMode;

cli::Scenario sampled(model::Policy policy, RunMode mode, std::uint64_t runs,
                      std::uint32_t depth = 0) {
  cli::Scenario scenario = race(std::move(policy), mode);
  scenario.loaded.cells.front().runs = runs;
  scenario.loaded.cells.front().depth = depth;
  return scenario;
}

cli::Coverage coverage_of(const cli::Scenario& scenario) {
  cli::Options options;
  options.coverage = true;
  cli::Progress progress(cli::ProgressStyle::none);
  const cli::Case what = cli::cases_of({&scenario, 1}).front();
  return *cli::run(what, options, progress, nullptr).coverage;
}

std::uint32_t step(std::string_view name) { return model::steps_named(name).front(); }

bool met(const cli::Coverage& coverage, std::string_view taken, std::string_view stood) {
  return coverage.meeting.contains(cli::pair_of(step(taken), step(stood)));
}

template <class Set>
bool within(const Set& part, const Set& whole) {
  return std::includes(whole.begin(), whole.end(), part.begin(), part.end());
}

TEST_CASE("a sample by priorities says over what its change points are drawn") {
  const Said said = cli::testing::run(sampled(model::NonePolicy{}, RunMode::pct, 100, 2));
  CHECK(said.out == golden("pct.txt", said.out));
  CHECK(wide_lines(said.out).empty());
}

TEST_CASE("any number of threads makes the same sample") {
  for (const RunMode mode : {RunMode::random, RunMode::pct}) {
    const cli::Scenario scenario = sampled(model::NonePolicy{}, mode, 600);
    for (const char* format : {"--json", "-v"}) {
      const std::string one = cli::testing::run(scenario, {format, "--coverage"}).out;
      for (const char* threads : {"2", "4"}) {
        CHECK(cli::testing::run(scenario, {format, "--coverage", "--swarm", threads}).out == one);
      }
    }
  }
}

TEST_CASE("a sample ends with the first run that is cut off, whoever makes it") {
  const cli::Scenario scenario = sampled(model::IntervalNotifierPolicy{}, RunMode::random, 600);
  const Said one = cli::testing::run(scenario, {"--json", "--step-limit", "23"});
  const auto json = nlohmann::json::parse(one.out);
  CHECK(one.status == 3);
  CHECK(json["ended"] == "steps");
  CHECK(json["executions"] > 0);
  CHECK(json["executions"] < 600);
  for (const char* threads : {"2", "3"}) {
    const Said other =
        cli::testing::run(scenario, {"--json", "--step-limit", "23", "--swarm", threads});
    CHECK(other.out == one.out);
  }
}

TEST_CASE("the states that a sample went through are counted on request") {
  const cli::Scenario scenario = sampled(model::NonePolicy{}, RunMode::random, 2000);
  const auto sample = [&](const char* option) {
    return nlohmann::json::parse(cli::testing::run(scenario, {"--json", option}).out)["sample"];
  };
  CHECK(sample("-q")["states"].is_null());
  CHECK(sample("-v")["states"] == sample("--coverage")["states"]);
  const auto all = cli::testing::run(race(model::NonePolicy{}), {"--json"}).out;
  CHECK(sample("-v")["states"] > 20);
  CHECK(sample("-v")["states"] <= nlohmann::json::parse(all)["states"]);
}

TEST_CASE("what a sample has not seen is estimated from what it has seen once") {
  const cli::Scenario few = sampled(model::NonePolicy{}, RunMode::random, 1);
  CHECK(contains(cli::testing::run(few).out,
                 "1 seen once: about 100.0 % of more runs would end in a new one"));
  const cli::Scenario many = sampled(model::NonePolicy{}, RunMode::random, 2000);
  CHECK(contains(cli::testing::run(many).out, "none of them seen once only"));
}

TEST_CASE("a sample meets some of what all executions meet, and nothing else") {
  const cli::Coverage all = coverage_of(race(model::IntervalNotifierPolicy{}));
  for (const RunMode mode : {RunMode::random, RunMode::pct}) {
    const cli::Coverage some = coverage_of(sampled(model::IntervalNotifierPolicy{}, mode, 500));
    CHECK(some.meeting.size() > 100);
    CHECK(within(some.meeting, all.meeting));
    CHECK(within(some.taken, all.taken));
    CHECK(within(some.stood, all.stood));
  }
}

TEST_CASE("all that meets is conceivable") {
  const cli::Coverage all = coverage_of(race(model::IntervalNotifierPolicy{}));
  const cli::Pairs conceivable = cli::conceivable(all);
  CHECK(within(all.meeting, conceivable));
  CHECK(all.meeting.size() < conceivable.size());
}

TEST_CASE("a step that a setting leaves out is never taken, and is with the setting") {
  model::IntervalNotifierPolicy policy;
  const std::uint32_t early = step("interval_notifier.fault.early_recheck");
  const auto missing = [&](const cli::Scenario& scenario) {
    const auto steps =
        cli::missing_in(*scenario.loaded.cells.front().setup, coverage_of(scenario)).steps;
    return std::ranges::count(steps, early);
  };
  CHECK(missing(race(policy)) == 1);
  policy.recheck_locked = false;
  CHECK(missing(race(policy)) == 0);
}

TEST_CASE("what a policy waits for never meets what it waits to do") {
  constexpr auto unlock = "interval_notifier.start.unlock";
  model::IntervalNotifierPolicy policy;
  CHECK_FALSE(met(coverage_of(race(policy)), unlock, "dma.land"));
  policy.wait_inflight = false;
  CHECK(met(coverage_of(race(policy)), unlock, "dma.land"));
}

TEST_CASE("a call that never starts, and a rule with nothing to judge, are named") {
  cli::Scenario scenario = race(model::IntervalNotifierPolicy{});
  model::Setup& setup = *scenario.loaded.cells.front().setup;
  setup.lines[2].gate = {.kind = model::Gate::Kind::done, .line = model::LineId{3}};
  setup.lines[3].gate = {.kind = model::Gate::Kind::done, .line = model::LineId{2}};
  const cli::Missing missing = cli::missing_in(setup, coverage_of(scenario));
  CHECK(missing.calls == std::vector<std::uint32_t>{2, 3});
  const auto has = [&](model::Property rule) {
    return std::ranges::find(missing.rules, rule) != missing.rules.end();
  };
  CHECK(has(model::Property::use_after_free));
  const cli::Scenario whole = race(model::IntervalNotifierPolicy{});
  CHECK(cli::missing_in(*whole.loaded.cells.front().setup, coverage_of(whole)).rules.empty());
}

TEST_CASE("a coverage is readable, and JSON has the same in full") {
  const cli::Scenario scenario = race(model::IntervalNotifierPolicy{});
  const Said said = cli::testing::run(scenario, {"--coverage"});
  CHECK(said.out == golden("coverage.txt", said.out));
  CHECK(wide_lines(said.out).empty());
  const auto json =
      nlohmann::json::parse(cli::testing::run(scenario, {"--json", "--coverage"}).out);
  CHECK(json["coverage"]["pairs"] == coverage_of(scenario).meeting.size());
  CHECK(json["coverage"]["steps"]["unmap.detach"] > 0);
  CHECK_FALSE(json.contains("sample"));
  CHECK_FALSE(
      nlohmann::json::parse(cli::testing::run(scenario, {"--json"}).out).contains("coverage"));
}

TEST_CASE("a failure that priorities found ends with a command that replays it") {
  const cli::Scenario scenario = sampled(model::NonePolicy{}, RunMode::pct, 100, 2);
  const Said said = cli::testing::run(scenario, {"--json"});
  const auto found = nlohmann::json::parse(said.out)["counterexample"];
  REQUIRE(found.is_object());
  const Said again =
      cli::testing::replay(scenario, {"--path", found["path"].get<std::string>(), "--steps",
                                      std::to_string(found["steps"].get<std::uint64_t>())});
  CHECK(again.status == 1);
}

}  // namespace
