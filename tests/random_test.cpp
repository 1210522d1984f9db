// SPDX-License-Identifier: Apache-2.0
// A few hundred random scenarios against a naive search; `./run random` takes 10,000 of them. And:
// would the comparison notice what is wrong, and do the scenarios cover the language?
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "model/explore.hpp"
#include "model/world.hpp"
#include "scenarios/language/lower.hpp"
#include "scenarios/language/model_words.hpp"
#include "tests/random/agreement.hpp"
#include "tests/random/compare.hpp"
#include "tests/random/draft.hpp"
#include "tests/random/scenario.hpp"

namespace {

using random_scenarios::Comparison;
using random_scenarios::Examined;
using random_scenarios::Naive;
using random_scenarios::random_scenario;

// A race in which an access is lost in one of several ways to end.
const char* const race = R"(
host A { cpus 2; device rnic0: rnic { odp on } }
policy none
process app on A { region buf: anon 1 page }
init {
    app: memset(buf, 1)
    app: mr := reg_mr(A.rnic0, buf, odp)
}
thread app.t0 { munmap(buf) = 0 as U }
thread A.rnic0 { d := dma_write(mr[0], 2) }
never use_after_free, stale_translation, stale_install, install_in_range
exists (A.rnic0:d == 0)
~exists (A.rnic0:d == -EFAULT)
)";

struct Race {
  language::Sources sources{[](const std::string&) { return std::optional<std::string>(race); }};
  language::Loaded loaded = language::load(sources, "race.sd", {});
  const model::Setup& setup = *loaded.cells.at(0).setup;
  model::World start{setup, sim::Order::any};
  Naive<model::World> naive{start};
  sim::ExploreReport report = model::explore(start, {.keep_fingerprints = true});
  Comparison comparison{.setup = setup, .start = start, .naive = naive, .found = {}};

  // What a comparison with the report, as it is now, has to say.
  std::size_t disagreements() {
    comparison.found.clear();
    comparison.sizes(report);
    comparison.report(report);
    return comparison.found.size();
  }
};

}  // namespace

TEST_CASE("300 random scenarios are explored as a naive search explores them") {
  for (std::uint64_t seed = 1'000'001; seed <= 1'000'300; ++seed) {
    CAPTURE(seed);
    const Examined examined =
        random_scenarios::examine(random_scenario(seed), {.states_max = 3000, .seeds = 5});
    for (const std::string& each : examined.disagreements) FAIL_CHECK(each);
  }
}

TEST_CASE("a seed gives the same scenario each time, and another seed another one") {
  std::set<std::string> texts;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    CHECK(random_scenario(seed) == random_scenario(seed));
    texts.insert(random_scenario(seed));
  }
  CHECK(texts.size() == 100);
}

TEST_CASE("random scenarios are valid, and use every word of the language that is implemented") {
  std::set<std::string> seen;
  std::uint64_t invalid = 0;
  for (std::uint64_t seed = 1; seed <= 5000; ++seed) {
    const Examined examined = random_scenarios::examine(random_scenario(seed), {.states_max = 1});
    if (!examined.valid) ++invalid;
    for (const auto& [name, count] : examined.counts) seen.insert(name);
  }
  CHECK(invalid < 100);
  const language::Vocabulary& words = language::full_vocabulary();
  const auto all_seen = [&](const std::string& kind, const auto& rows) {
    for (const auto& row : rows) {
      CAPTURE(row.name);
      CHECK(seen.contains(kind + " " + row.name));
    }
  };
  std::vector<language::CallRow> calls = words.calls;
  std::erase_if(
      calls, [](const auto& row) { return random_scenarios::is_held_against_records(row.name); });
  all_seen("call", calls);
  all_seen("policy", words.policies);
  for (const language::PolicyRow& policy : words.policies) all_seen("setting", policy.settings);
  all_seen("switch", words.kernels[0].switches);
  all_seen("event", words.events);
  for (const language::FunctionRow& function : words.functions) {
    const bool over_runs = function.name == "max" || function.name == "min";
    if (function.statistic || over_runs) continue;
    CAPTURE(function.name);
    CHECK(seen.contains("function " + function.name));
  }
}

TEST_CASE("the naive search and explore agree about a race") {
  Race it;
  CHECK(it.disagreements() == 0);
  CHECK(it.naive.broken().size() > 1);
  CHECK(it.naive.endings().size() > 1);
  it.comparison.worlds(it.report);
  it.comparison.verdict(model::judge(it.setup, it.report));
  it.comparison.simulations(it.report, 50);
  for (const std::string& each : it.comparison.found) FAIL_CHECK(each);
}

TEST_CASE("a wrong report is noticed, whatever is wrong") {
  const auto noticed = [](auto spoil) {
    Race it;
    spoil(it.report);
    return it.disagreements() > 0;
  };
  using Report = sim::ExploreReport;
  CHECK(noticed([](Report& report) { --report.states; }));
  CHECK(noticed([](Report& report) { ++report.transitions; }));
  CHECK(noticed([](Report& report) { ++report.depth; }));
  CHECK(noticed([](Report& report) { --report.finals; }));
  CHECK(noticed([](Report& report) { ++report.executions; }));
  CHECK(noticed([](Report& report) { report.unbounded = true; }));
  CHECK(noticed([](Report& report) { report.ended = sim::Ended::states; }));
  CHECK(noticed([](Report& report) { report.counterexamples.pop_back(); }));
  CHECK(noticed([](Report& report) { ++report.counterexamples[0].steps; }));
  CHECK(noticed([](Report& report) { report.counterexamples[0].path.pop_back(); }));
  CHECK(noticed([](Report& report) { report.counterexamples[0].claim = 60; }));
  CHECK(noticed([](Report& report) { report.finals_by_class.pop_back(); }));
  CHECK(noticed([](Report& report) { report.finals_by_class[0].broken ^= 1; }));
  CHECK(noticed([](Report& report) { report.finals_by_class[0].witnessed ^= 1; }));
  CHECK(noticed([](Report& report) { ++report.finals_by_class[0].executions; }));
  CHECK(noticed([](Report& report) { ++report.finals_by_class[0].steps; }));
  CHECK(noticed([](Report& report) { report.finals_by_class[0].path.clear(); }));
}

TEST_CASE("a wrong verdict is noticed") {
  const auto noticed = [](auto spoil) {
    Race it;
    model::Verdict verdict = model::judge(it.setup, it.report);
    spoil(verdict);
    it.comparison.verdict(verdict);
    return !it.comparison.found.empty();
  };
  for (std::size_t i = 0; i < Race().setup.claims.size(); ++i) {
    CAPTURE(i);
    CHECK(noticed([i](model::Verdict& verdict) { verdict.claims[i].holds ^= true; }));
    CHECK(noticed([i](model::Verdict& verdict) { verdict.claims[i].as_expected ^= true; }));
    CHECK(noticed([i](model::Verdict& verdict) { ++verdict.claims[i].positive; }));
    CHECK(noticed([i](model::Verdict& verdict) { ++verdict.claims[i].negative; }));
  }
  CHECK(noticed([](model::Verdict& verdict) { verdict.claims.pop_back(); }));
}

TEST_CASE("a state that explore left out is noticed, by the search and by a run through it") {
  Race it;
  it.report.fingerprints.erase(it.report.fingerprints.begin());
  it.comparison.worlds(it.report);
  CHECK(it.comparison.found.size() == 1);
  it.report.fingerprints.resize(1);
  it.comparison.found.clear();
  it.comparison.simulations(it.report, 1);
  CHECK(it.comparison.found.size() == 2);  // By time and in any order.
}
