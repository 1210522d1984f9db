// SPDX-License-Identifier: Apache-2.0
// Scenarios that are made smaller: what comes out is a scenario, laid out, in which the same claim
// fails, and from which nothing more can be left out.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/cli/support.hpp"

namespace {

using cli::testing::Folder;
using cli::testing::golden;
using cli::testing::program;
using cli::testing::Said;

// The claim of which it is said that it fails, and the execution that shows it.
nlohmann::json failing(const std::string& path, const std::vector<std::string>& options) {
  std::vector<std::string> arguments{"run", path, "--json"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  const auto json = nlohmann::json::parse(program(arguments).out);
  for (const bool expected : {false, true}) {
    for (const auto& claim : json["claims"]) {
      if (claim["as_expected"] == expected && claim["holds"] == false) return claim;
    }
  }
  return nullptr;
}

TEST_CASE("scenarios that fail are made smaller, and the same claim fails") {
  struct Shrunk {
    std::string path;
    std::vector<std::string> options;
  };
  const std::vector<Shrunk> all{{"scenarios/1-odp-munmap-race.sd", {"--policy", "none"}},
                                {"scenarios/odp/no-recheck.sd", {}},
                                {"scenarios/rules/deadlock.sd", {}},
                                {"scenarios/rules/lost-update.sd", {}},
                                {"scenarios/memory/flush-after-free.sd", {}}};
  for (const Shrunk& one : all) {
    CAPTURE(one.path);
    const Folder folder;
    const std::string place = folder.path("smaller.sd");
    std::vector<std::string> arguments{"shrink", one.path, "-o", place};
    arguments.insert(arguments.end(), one.options.begin(), one.options.end());
    const Said said = program(arguments);
    CHECK(said.status == 0);
    CHECK(program({"fmt", "--check", place}).status == 0);
    const auto before = failing(one.path, one.options);
    const auto after = failing(place, one.options);
    REQUIRE(after.is_object());
    CHECK(after["text"] == before["text"]);
    CHECK(said.err.find("--path " + after["path"].get<std::string>()) != std::string::npos);
  }
}

TEST_CASE("what does not matter is left out") {
  const Said said = program({"shrink", "scenarios/1-odp-munmap-race.sd", "--policy", "none"});
  CHECK(said.out == golden("shrunk.sd", said.out));
  CHECK(said.out.find("mmap(q)") == std::string::npos);
  CHECK(said.out.find("import") == std::string::npos);
}

TEST_CASE("an execution that was found elsewhere says which claim is meant") {
  const std::string path = "scenarios/1-odp-munmap-race.sd";
  const auto json = nlohmann::json::parse(program({path, "--policy", "none", "--json"}).out);
  const auto found = std::ranges::find_if(
      json["claims"], [](const auto& claim) { return claim["text"] == "never stale_translation"; });
  REQUIRE(found != json["claims"].end());
  const Said said = program({"shrink", path, "--policy", "none", "--path", (*found)["path"],
                             "--steps", (*found)["steps"].dump()});
  CHECK(said.status == 0);
  CHECK(said.out.find("never stale_translation\n") != std::string::npos);
  CHECK(said.out.find("use_after_free") == std::string::npos);
}

TEST_CASE("a scenario in which nothing fails is left alone") {
  const Said said = program({"shrink", "scenarios/odp/swap-out.sd"});
  CHECK(said.status == 0);
  CHECK(said.out == "");
  CHECK(said.err == "shootdown: nothing fails here that an execution could show\n");
}

}  // namespace
