// SPDX-License-Identifier: Apache-2.0
// `shootdown matrix`: what it makes of promises that are kept, broken and not put to the test.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/cli/support.hpp"

namespace {

using cli::testing::contains;
using cli::testing::program;
using cli::testing::Said;

nlohmann::json rules_of(const Said& said) {
  return nlohmann::json::parse(said.out)["matrix"][0]["rules"];
}

}  // namespace

TEST_CASE("a promise that is broken is a failure, and says how to see it again") {
  const Said said = program({"matrix", "--policy", "interval_notifier", "--set", "recheck=no",
                             "scenarios/matrix/first-fault-munmap.sd"});
  CHECK(said.status == 1);
  CHECK(contains(said.out,
                 "interval_notifier: stale_install: promised, broken (S5)\n"
                 "  shootdown matrix scenarios/matrix/first-fault-munmap.sd --set recheck=no \\\n"
                 "    --policy interval_notifier\n"));
  CHECK(cli::testing::wide_lines(said.out).empty());
}

TEST_CASE("a kernel that is wrong breaks promises of a policy that is right") {
  const Said said = program(
      {"matrix", "--json", "--policy", "interval_notifier", "scenarios/zoo/z08-hugetlb-range.sd"});
  CHECK(said.status == 1);
  CHECK(rules_of(said)["stale_translation"] == "promised, broken");
}

TEST_CASE("what a scenario makes of a policy's settings is not its promise") {
  const Said said =
      program({"matrix", "--json", "--policy", "sva", "scenarios/sva/no-flush-atc.sd"});
  CHECK(rules_of(said)["use_after_free"] == "promised, not exercised");
}

TEST_CASE("a search that does not come to its end decides nothing") {
  const Said said = program(
      {"matrix", "--json", "--policy", "deaf", "--state-limit", "3", "scenarios/matrix/munmap.sd"});
  CHECK(rules_of(said)["use_after_free"] == "undecided");
  CHECK(said.status == 3);
}

TEST_CASE("what nothing puts to the test is a failure, promised or declared broken") {
  const Said said = program({"matrix", "--json", "--policy", "kvm", "scenarios/matrix/munmap.sd"});
  CHECK(said.status == 1);
  const nlohmann::json rules = rules_of(said);
  CHECK(rules["stale_translation"] == "held");
  CHECK(rules["missed_use"] == "promised, not exercised");
  CHECK(rules["starvation"] == "declared broken, held");
}

TEST_CASE("all that is wrong on purpose shows as declared") {
  const Said said = program({"matrix", "--json", "--policy", "deaf", "scenarios/matrix"});
  CHECK(said.status == 0);
  CHECK(rules_of(said)["use_after_free"] == "broken as declared");
}

TEST_CASE("a policy that there is not is a mistake") {
  const Said said =
      program({"matrix", "--policy", "interval_notifer", "scenarios/matrix/munmap.sd"});
  CHECK(said.status == 2);
  CHECK(contains(said.err, "'interval_notifer' is not a policy"));
  CHECK(contains(said.err, "interval_notifier"));
  CHECK(said.out.empty());
}
