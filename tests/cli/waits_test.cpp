// SPDX-License-Identifier: Apache-2.0
// Where executions get stuck: chains of waiting tasks, and loops.
#include "cli/waits.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/cli/example.hpp"
#include "tests/cli/support.hpp"

namespace {

using cli::testing::golden;
using cli::testing::race;
using cli::testing::Said;

// The call that races with the device, and the one claim.
cli::Scenario with(model::Policy policy, const model::Line& line, model::Property property) {
  cli::Scenario scenario = race(std::move(policy));
  model::Setup& setup = *scenario.loaded.cells.front().setup;
  setup.lines[2].call.verb = line.call.verb;
  setup.lines[2].call.number = line.call.number;
  setup.lines[2].text = line.text;
  for (model::Line& each : setup.lines) each.claim = model::no_claim;
  std::erase_if(setup.claims,
                [](const model::Claim& claim) { return claim.kind != model::Claim::Kind::never; });
  setup.claims.resize(1);
  setup.claims[0].property = property;
  setup.claims[0].text = model::property_table[static_cast<std::size_t>(property)].name;
  return scenario;
}

// The driver's lock before mmap_lock.
cli::Scenario stuck() {
  model::IntervalNotifierPolicy policy;
  policy.lock_first = true;
  return with(
      policy,
      {.call = {.verb = model::Verb::mprotect, .number = 1}, .text = "mprotect(buf, PROT_READ)"},
      model::Property::deadlock);
}

cli::Scenario looping(model::Property property) {
  return with(model::KvmPolicy{},
              {.call = {.verb = model::Verb::madvise,
                        .number = static_cast<std::uint32_t>(model::Advice::dontneed)},
               .text = "madvise(buf, MADV_DONTNEED)"},
              property);
}

nlohmann::json json_of(const cli::Scenario& scenario) {
  return nlohmann::json::parse(cli::testing::run(scenario, {"--json"}).out);
}

TEST_CASE("a deadlock is shown as a ring of tasks that wait for each other") {
  const Said said = cli::testing::run(stuck());
  CHECK(said.status == 1);
  CHECK(said.out == golden("deadlock.txt", said.out));
  CHECK(cli::testing::wide_lines(said.out).empty());
}

TEST_CASE("JSON has the chain of a deadlock") {
  const nlohmann::json found = json_of(stuck())["counterexample"];
  CHECK(found["claim"] == "never deadlock");
  CHECK(found["ring"] == true);
  REQUIRE(found["waits"].size() == 2);
  CHECK(found["waits"][0]["who"] == "app.t0 in 'U'");
  CHECK(found["waits"][0]["depends_on"] == nlohmann::json{"A.rnic0"});
  CHECK(found["waits"][1]["waits_for"] == "the mmap_lock of app");
}

TEST_CASE("a loop is shown with its way, who goes round and who waits") {
  const Said said = cli::testing::run(looping(model::Property::starvation), {"--format", "text"});
  CHECK(said.status == 1);
  CHECK(said.out == golden("loop.txt", said.out));
  CHECK(cli::testing::wide_lines(said.out).empty());
}

TEST_CASE("JSON has the loop, and where it begins") {
  const nlohmann::json found = json_of(looping(model::Property::starvation));
  REQUIRE(found["loops"].size() == 1);
  CHECK(found["loops"][0]["property"] == "starvation");
  CHECK(found["loops"][0]["fairness"] == "weak");
  const nlohmann::json claim = found["claims"][0];
  CHECK(claim["stem_steps"] == found["loops"][0]["stem_steps"]);
  CHECK(claim["path"] == found["loops"][0]["path"]);
  CHECK(found["counterexample"]["waits"][0]["passed_over"] == true);
}

TEST_CASE("a loop of which no claim speaks is named, and fails nothing") {
  const cli::Scenario scenario = looping(model::Property::livelock);
  const Said said = cli::testing::run(scenario);
  CHECK(said.out.find("breaks starvation (L7)") != std::string::npos);
  CHECK(json_of(scenario)["claims"][0]["holds"] == true);
}

TEST_CASE("a wait that nobody can end says so") {
  CHECK(cli::text_of({.who = "A.kernel", .what = "an answer"}) ==
        "A.kernel waits for an answer, which no task owes it");
}

TEST_CASE("where something can go round for ever, nobody says that all calls return") {
  const std::string round = cli::testing::program({"run", "scenarios/odp/kvm.sd"}).out;
  CHECK(round.find("return what they should, if at all") != std::string::npos);
  const std::string ends = cli::testing::program({"run", "scenarios/odp/kvm-wait-begin.sd"}).out;
  CHECK(ends.find("return what they should ") != std::string::npos);
}

}  // namespace
