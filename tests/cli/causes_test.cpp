// SPDX-License-Identifier: Apache-2.0
// What --why prints, and the causes in the formats.
#include "cli/causes.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "model/causes.hpp"
#include "tests/cli/example.hpp"
#include "tests/cli/support.hpp"

namespace {

using cli::testing::contains;
using cli::testing::golden;
using cli::testing::program;
using cli::testing::race;
using cli::testing::Said;
using language::RunMode;
using Json = nlohmann::ordered_json;

std::vector<Json> lines_of(const std::string& text) {
  std::vector<Json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(Json::parse(line));
  return lines;
}

model::EventKind kind_of(const std::string& name) {
  const auto found = std::ranges::find(model::event_table, name, &model::EventInfo::name);
  return static_cast<model::EventKind>(found - model::event_table.begin());
}

bool comes_before(const Json& cause, const Json& line) {
  const bool itself = cause.at("kind") == "call" && cause.at("step") == line.at("step");
  return itself || cause.at("step") < line.at("step");
}

// How many lines have a cause, of those that need one; none may be without.
std::size_t caused_in(const std::string& text) {
  std::size_t caused = 0;
  for (const Json& line : lines_of(text)) {
    if (line.contains("stall")) {
      CHECK(line.at("since") < line.at("until"));
      CHECK(line.at("until") < line.at("step"));
      CHECK(line.at("cause").at("step") == line.at("until"));
      ++caused;
    }
    if (!line.contains("event")) continue;
    const model::EventKind kind = kind_of(line.at("event"));
    const bool needed = model::is_invalidation(kind) || model::is_fault(kind);
    CHECK(line.contains("cause") == needed);
    if (!needed) continue;
    CHECK(comes_before(line.at("cause"), line));
    CHECK(line.at("cause").at("operation").is_string());
    CHECK(line.at("cause").at("file").is_string());
    CHECK(line.at("cause").at("line") > 0);
    ++caused;
  }
  return caused;
}

void check_why(const std::vector<std::string>& what, const std::string& name) {
  std::vector<std::string> arguments{"run"};
  arguments.insert(arguments.end(), what.begin(), what.end());
  arguments.push_back("--why");
  const Said said = program(arguments);
  CHECK(said.out == golden(name, said.out));
  CHECK(cli::testing::wide_lines(said.out).empty());
  CHECK(program(arguments).out == said.out);
}

TEST_CASE("--why explains what fails as it should, too") {
  check_why({"scenarios/kvm/recheck.sd", "-D", "recheck=active"}, "why.kvm.txt");
  check_why({"scenarios/holt/d4-no-quiesce.sd"}, "why.holt.txt");
  check_why({"scenarios/zoo/z25-completion-before-writes.sd", "-D", "fixed=no"}, "why.zoo.txt");
  check_why({"scenarios/rules/deadlock.sd"}, "why.deadlock.txt");
}

// Whether the chain says so, wherever its lines are broken.
bool says(std::vector<std::string> words, const std::string& reason) {
  words.insert(words.begin(), "run");
  words.emplace_back("--why");
  std::string text = program(words).out;
  for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n')) {
    text.replace(at, text.find_first_not_of(" \n", at) - at, " ");
  }
  return contains(text, reason);
}

TEST_CASE("why a notification has not helped is said as it is, whatever the device") {
  CHECK(says({"scenarios/peer/hasty-callback.sd", "-D", "wait_inflight=no"},
             "the transfer of #1 was on its way when #6 flushed the TLB"));
  CHECK(says({"scenarios/faults/posted-update.sd", "-D", "wait_update=no"},
             "#5 asked the device for it, and nobody waited until that was done"));
  CHECK(says({"scenarios/sva/no-flush-fork.sd", "-D", "flush_atc=no"},
             "nobody flushed the TLB that the device used"));
  CHECK(says(
      {"scenarios/sva/completion-doubled.sd", "-D", "check_itag=no", "-D", "reuse_itag=in_turn"},
      "#24 asked the device for it, and nobody waited until that was done"));
  CHECK(says({"scenarios/sva/traffic-classes.sd", "-D", "count_completions=no"},
             "the transfer of #12 was on its way when #13 flushed the TLB"));
}

TEST_CASE("in each example that is shown, what costs something has a cause") {
  for (const std::string file :
       {"scenarios/1-odp-munmap-race.sd", "scenarios/2-holt-handle.sd",
        "scenarios/holt/d5-user-dies.sd", "scenarios/odp/kvm.sd", "scenarios/xpmem/recall.sd",
        "scenarios/rc/fault.sd", "scenarios/odp/dontneed.sd"}) {
    CAPTURE(file);
    const Said said = program({"run", file, "--format", "jsonl"});
    CHECK(caused_in(said.out) > 0);
  }
}

TEST_CASE("of a run by time, --why says what each call has caused") {
  const cli::Scenario scenario = race(model::IntervalNotifierPolicy{}, RunMode::simulate);
  const Said said = cli::testing::run(scenario, {"--why"});
  CHECK(said.out == golden("why.simulate.txt", said.out));
  CHECK(cli::testing::wide_lines(said.out).empty());
  CHECK_FALSE(contains(cli::testing::run(scenario).out, "caused by"));

  const Json json = Json::parse(cli::testing::run(scenario, {"--why", "--json"}).out);
  REQUIRE(json.contains("caused"));
  std::uint64_t invalidations = 0;
  for (const Json& call : json.at("caused")) {
    invalidations += call.at("invalidations").get<std::uint64_t>();
  }
  CHECK(invalidations == 1);
  CHECK_FALSE(Json::parse(cli::testing::run(scenario, {"--json"}).out).contains("caused"));
}

TEST_CASE("a call is charged with the faults, the waits and the pins that are due to it") {
  const Said said = program({"run", "scenarios/odp/who-pays.sd", "--why", "--json"});
  const Json json = Json::parse(said.out);
  const auto call = [&](const std::string& text) {
    for (const Json& one : json.at("caused")) {
      if (one.at("operation").get<std::string>().starts_with(text)) return one;
    }
    return Json();
  };
  CHECK(call("munmap(buf").at("faults") == 1);
  CHECK(call("madvise").at("faults") == 1);
  CHECK(call("munmap(buf").at("stalls").at("time_ns") > 0);
  CHECK(call("munmap(other)").at("waits").at("time_ns") > 0);
  CHECK(call("reg_mr").at("pins").at("time_ns") > 800'000);
  CHECK(call("dma_read(mr[0..1])").is_null());  // All that it cost was due to others.
  const std::string text = program({"run", "scenarios/odp/who-pays.sd", "--why"}).out;
  const std::string table = text.substr(text.find("  caused by"));
  CHECK(table == golden("why.table.txt", table));
}

TEST_CASE("a timeline has causes if it is asked for them, and is the same without") {
  const cli::Scenario scenario = race(model::NonePolicy{});
  const Said plain = cli::testing::run(scenario, {"--format", "text"});
  const Said why = cli::testing::run(scenario, {"--format", "text", "--why"});
  CHECK_FALSE(contains(plain.out, "<- "));
  CHECK(contains(why.out, "<- call #"));
  CHECK(cli::testing::wide_lines(why.out).empty());
}

}  // namespace
