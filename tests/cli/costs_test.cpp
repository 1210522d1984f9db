// SPDX-License-Identifier: Apache-2.0
#include "cli/costs.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/cli/support.hpp"

namespace {

using cli::testing::contains;
using cli::testing::program;
using cli::testing::Said;

TEST_CASE("a cost is listed with its value, unit, range and source") {
  const Said said = program({"list", "costs", "dev_fault", "--json"});
  const auto json = nlohmann::json::parse(said.out.substr(0, said.out.find('\n')));
  CHECK(json["details"][0] == nlohmann::json({"value", "129.3us"}));
  CHECK(json["details"][2] == nlohmann::json({"per", "report"}));
  CHECK(json["details"][3] == nlohmann::json({"range", "10us to 150us"}));
  CHECK(json["details"][5] == nlohmann::json({"source", "NPF, ASPLOS 2017, fig. 3a"}));
}

TEST_CASE("each figure of a profile has a source of its own") {
  CHECK(cli::cost_profile_names().size() > 10);
  for (const std::string& name : cli::cost_profile_names()) {
    CAPTURE(name);
    const auto profile = cli::find_cost_profile(name);
    REQUIRE(profile);
    CHECK_FALSE(profile->about.empty());
    CHECK_FALSE(profile->costs.empty());
    for (const cli::Word& cost : profile->costs) {
      CHECK_FALSE(contains(cost.meaning, "no source given"));
    }
    CHECK(cli::testing::wide_lines(program({"list", "costs", "--profile", name}).out).empty());
  }
}

TEST_CASE("a profile is shown with what it sets, also with underscores and as JSON") {
  const Said text = program({"list", "costs", "--profile", "gpu_uvm"});
  CHECK(text.status == 0);
  CHECK(contains(text.out, "dev_fault"));
  CHECK(contains(text.out, "30us"));
  CHECK_FALSE(contains(text.out, "syscall"));
  const Said said = program({"list", "costs", "--profile", "gpu-uvm", "--json"});
  const auto json = nlohmann::json::parse(said.out.substr(0, said.out.find('\n')));
  CHECK(json["name"] == "dev_fault");
  CHECK(json["details"][0] == nlohmann::json({"value", "30us"}));
}

TEST_CASE("an unknown profile is refused with the nearest one") {
  const Said said = program({"list", "costs", "--profile", "cib-npf-2041"});
  CHECK(said.status == 2);
  CHECK(said.out == "");
  CHECK(said.err ==
        "shootdown: there is no profile 'cib-npf-2041'; did you mean 'cib-npf-2014'?\n");
  CHECK(program({"list", "calls", "--profile", "gpu-uvm"}).status == 2);
}

// One call, whose entry costs what the scenario says.
std::string call_with(const std::string& cost) {
  return "// SPDX-License-Identifier: Apache-2.0\nscenario \"load\"\nhost A { cpus 1; ram 64M }\n"
         "cost { syscall " +
         cost +
         " }\nprocess app on A { region m: anon 1 page rw }\n"
         "init { app: memset(m, 1) }\ntimeline { @0 app: munmap(m) = 0 }\n";
}

std::uint64_t time_of(const std::string& path, const std::string& seed) {
  const Said said = program({"run", "--json", "--seed", seed, path});
  const auto json = nlohmann::json::parse(said.out, nullptr, false);
  REQUIRE_FALSE(json.is_discarded());
  return json["time_ns"].get<std::uint64_t>();
}

TEST_CASE("a cost can be a distribution, from which each seed draws something else") {
  const cli::testing::Folder folder;
  for (const char* cost :
       {"uniform(1ms, 9ms)", "normal(5ms, 1ms)", "lognormal(5ms, 0.5)", "exp(5ms)"}) {
    CAPTURE(cost);
    const std::string path = folder.write("load.sd", call_with(cost));
    CHECK(time_of(path, "1") == time_of(path, "1"));
    CHECK(time_of(path, "1") != time_of(path, "2"));
  }
  const std::string plain = folder.write("plain.sd", call_with("5ms"));
  const std::string always = folder.write("always.sd", call_with("const(5ms)"));
  CHECK(time_of(plain, "1") == time_of(always, "2"));
}

TEST_CASE("a distribution can be read from a file") {
  const cli::testing::Folder folder;
  folder.write("times.csv", "time_us,count\n# measured\n3ms,4\n7000000,9\n");
  const std::string path = folder.write("load.sd", call_with("empirical(\"times.csv\")"));
  std::uint64_t seen = 0;
  for (const char* seed : {"1", "2", "3", "4", "5", "6", "7", "8"}) {
    const std::uint64_t time = time_of(path, seed);
    const bool three = time > 3'000'000 && time < 3'010'000;
    const bool seven = time > 7'000'000 && time < 7'010'000;
    CHECK((three || seven));
    seen |= three ? 1 : 2;
  }
  CHECK(seen == 3);
}

TEST_CASE("what is no time in such a file is refused with its place") {
  const cli::testing::Folder folder;
  folder.write("times.csv", "1us\n2us\nsoon\n");
  const std::string path = folder.write("load.sd", call_with("empirical(\"times.csv\")"));
  const Said said = program({"run", path});
  CHECK(said.status == 2);
  CHECK(contains(said.err, "times.csv:3:1: error: expected a time, not 'soon'"));
}

}  // namespace
