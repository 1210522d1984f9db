// SPDX-License-Identifier: Apache-2.0
#include "cli/formats/format.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/version.hpp"
#include "tests/cli/example.hpp"
#include "tests/cli/support.hpp"

namespace {

using cli::testing::golden;
using cli::testing::race;
using cli::testing::Said;
using language::RunMode;

// The version of the program is not what these tests are about.
std::string without_version(std::string text) {
  const std::string version = "\"version\":\"" + std::string(cli::version) + "\"";
  const std::size_t place = text.find(version);
  if (place != std::string::npos) text.replace(place, version.size(), "\"version\":\"-\"");
  return text;
}

Said shown(const std::string& format, RunMode mode = RunMode::explore) {
  return cli::testing::run(race(model::NonePolicy{}, mode), {"--format", format});
}

TEST_CASE("lanes prints the notation of mmu_notifier.rst") {
  const Said said = shown("lanes");
  CHECK(said.out == golden("race.lanes.txt", said.out));
  CHECK(cli::testing::wide_lines(said.out).empty());
}

TEST_CASE("columns has one for each actor, in 80 columns") {
  const Said said = cli::testing::program(
      {"run", "scenarios/1-odp-munmap-race.sd", "--policy", "none", "--format", "columns"});
  CHECK(said.out == golden("munmap.columns.txt", said.out));
  CHECK(cli::testing::wide_lines(said.out).empty());
}

TEST_CASE("columns numbers the actors that do not fit side by side") {
  const Said said =
      cli::testing::program({"run", "scenarios/holt/d5-user-dies.sd", "--format", "columns", "-v"});
  CHECK(said.out == golden("many.columns.txt", said.out));
  CHECK(cli::testing::wide_lines(said.out).empty());
}

TEST_CASE("ftrace has the kernel's tracepoints where there are any") {
  const Said said = shown("ftrace", RunMode::simulate);
  CHECK(said.out == golden("race.ftrace.txt", said.out));
}

TEST_CASE("ftrace without time counts steps") {
  const Said said = shown("ftrace");
  CHECK(said.out == golden("race.steps.ftrace.txt", said.out));
}

TEST_CASE("jsonl starts with a manifest, and each line is an object") {
  const Said said = shown("jsonl", RunMode::simulate);
  CHECK(without_version(said.out) == golden("race.jsonl", without_version(said.out)));
  std::istringstream lines(said.out);
  std::string line;
  for (int number = 0; std::getline(lines, line); ++number) {
    const auto json = nlohmann::json::parse(line);
    CHECK(json.is_object());
    CHECK(json.contains("v") == (number == 0));
  }
}

TEST_CASE("a trace for programs keeps the report off standard output") {
  const Said said = shown("jsonl");
  CHECK(said.err.find("never   use_after_free") != std::string::npos);
  CHECK(said.out.find("never   use_after_free") == std::string::npos);
}

TEST_CASE("text shows inner steps on request") {
  const Said said = cli::testing::run(race(model::NonePolicy{}), {"--format", "text", "-v"});
  CHECK(said.out.find("unmap.detach") != std::string::npos);
}

TEST_CASE("a timeline that nobody asked for ends after a thousand rows") {
  cli::Scenario scenario = race(model::NonePolicy{}, RunMode::simulate);
  model::Setup& setup = *scenario.loaded.cells.front().setup;
  const model::Line read{.call = {.verb = model::Verb::read_once,
                                  .mm = model::MmId{0},
                                  .pages = model::one_page(model::Page{16})}};
  for (std::uint32_t i = 0; i < 600; ++i) {
    setup.programs[2].lines.push_back(
        model::LineId{static_cast<std::uint32_t>(setup.lines.size())});
    setup.lines.push_back(read);
  }
  setup.programs[2].mm = model::MmId{0};
  const std::string implicit = cli::testing::run(scenario).out;
  CHECK(implicit.find("--format text shows all") != std::string::npos);
  CHECK(std::count(implicit.begin(), implicit.end(), '\n') < 1100);
  const std::string asked = cli::testing::run(scenario, {"--format", "text"}).out;
  CHECK(asked.find("--format text shows all") == std::string::npos);
  CHECK(std::count(asked.begin(), asked.end(), '\n') > 1200);
}

TEST_CASE("results as JSON say all that the report says") {
  const Said said = cli::testing::run(race(model::NonePolicy{}), {"--json"});
  const auto json = nlohmann::ordered_json::parse(said.out);
  CHECK(json.dump(1) + "\n" == golden("race.json", json.dump(1) + "\n"));
  CHECK(json["verdict"] == "fail");
  CHECK(json["complete"] == true);
  CHECK(json["counterexample"]["claim"] == "never use_after_free");
}

TEST_CASE("every format can be named and has a meaning") {
  for (const cli::FormatInfo& format : cli::formats()) {
    CHECK(cli::find_format(format.name) == &format);
    CHECK_FALSE(format.meaning.empty());
    CHECK(shown(std::string(format.name)).status == 1);
  }
}

}  // namespace
