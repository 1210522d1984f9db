// SPDX-License-Identifier: Apache-2.0
#include "tests/random/compare.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/replay.hpp"

namespace random_scenarios {
namespace {

constexpr std::uint64_t steps_max = 2000;  // Of a simulated run: it may go round in circles.

bool has(std::uint64_t bits, unsigned claim) { return (bits >> claim & 1) != 0; }

}  // namespace

void Comparison::differ(std::string_view what, std::uint64_t expected, std::uint64_t actual) {
  if (expected == actual) return;
  found.push_back(fmt::format("{}: {}: {} and not {}", variant, what, actual, expected));
}

void Comparison::worlds(const sim::ExploreReport& report) {
  std::vector<sim::Fingerprint> fingerprints;
  std::uint64_t inconsistent = 0;
  for (std::size_t i = 0; i < naive.states(); ++i) {
    fingerprints.push_back(sim::fingerprint_of(naive.world(i)));
    if (!naive.world(i).consistent()) ++inconsistent;
  }
  std::ranges::sort(fingerprints);
  differ("inconsistent worlds", 0, inconsistent);
  differ("different worlds with equal bytes", 0, naive.unlike());
  differ("broken claims that a step mends", 0, naive.mended());
  differ("the fingerprints are those of the naive search", 1,
         static_cast<std::uint64_t>(fingerprints == report.fingerprints));
}

void Comparison::sizes(const sim::ExploreReport& report) {
  differ("states", naive.states(), report.states);
  differ("transitions", naive.transitions(), report.transitions);
  differ("depth", naive.depth(), report.depth);
  differ("final states", naive.finals(), report.finals);
  differ("executions", naive.executions(), report.executions);
  for (const sim::FinalClass& each : report.finals_by_class) {
    const auto expected = naive.endings().find({each.broken, each.witnessed});
    if (expected == naive.endings().end()) continue;
    differ("executions of an ending", expected->second.executions, each.executions);
  }
}

void Comparison::report(const sim::ExploreReport& report) {
  differ("complete", 1, static_cast<std::uint64_t>(report.complete()));
  differ("unbounded", static_cast<std::uint64_t>(naive.cyclic()),
         static_cast<std::uint64_t>(report.unbounded));
  differ("broken claims", naive.broken().size(), report.counterexamples.size());
  for (const sim::Counterexample& each : report.counterexamples) {
    const auto expected = naive.broken().find(each.claim);
    differ(fmt::format("steps to break claim {}", each.claim),
           expected == naive.broken().end() ? endless : expected->second, each.steps);
    replay_counterexample(each);
  }
  differ("endings", naive.endings().size(), report.finals_by_class.size());
  for (const sim::FinalClass& each : report.finals_by_class) {
    const auto expected = naive.endings().find({each.broken, each.witnessed});
    differ("steps to an ending",
           expected == naive.endings().end() ? endless : expected->second.steps, each.steps);
    replay_final(each);
  }
}

// Broken at the end of its path, and no step before.
void Comparison::replay_counterexample(const sim::Counterexample& each) {
  model::World world = start;
  sim::NoTrace quiet;
  sim::ReplayChooser chooser(each.path);
  std::uint64_t first = has(world.broken(), each.claim) ? 0 : endless;
  for (std::uint64_t step = 1; step <= each.steps; ++step) {
    if (!world.step({.chooser = chooser, .trace = quiet})) break;
    if (has(world.broken(), each.claim)) first = std::min(first, step);
  }
  model::World again = start;
  const sim::Replay replay = sim::replay(again, each.path, each.steps, quiet);
  if (first == endless && replay.at_rest && has(again.broken(), each.claim)) first = replay.steps;
  differ(fmt::format("the step of the path that breaks claim {}", each.claim), each.steps, first);
  differ("a counterexample diverges", 0, static_cast<std::uint64_t>(replay.diverged));
}

void Comparison::replay_final(const sim::FinalClass& each) {
  model::World world = start;
  sim::NoTrace quiet;
  const sim::Replay replay = sim::replay(world, each.path, each.steps, quiet);
  differ("the path to an ending diverges", 0, static_cast<std::uint64_t>(replay.diverged));
  differ("the path to an ending ends", 1, static_cast<std::uint64_t>(replay.at_rest));
  differ("broken at the end of its path", each.broken, world.broken());
  differ("witnessed at the end of its path", each.witnessed, world.witnessed());
}

void Comparison::verdict(const model::Verdict& verdict) {
  differ("claims judged", setup.claims.size(), verdict.claims.size());
  for (const model::ClaimResult& each : verdict.claims) claim(each);
  bool failed = false;
  for (const model::ClaimResult& each : verdict.claims) failed = failed || !each.as_expected;
  differ("failed", static_cast<std::uint64_t>(failed),
         static_cast<std::uint64_t>(verdict.failed()));
  differ("undecided", 0, static_cast<std::uint64_t>(verdict.undecided()));
}

// The meaning of each kind of claim, from docs/language.md, over the endings of all executions.
void Comparison::claim(const model::ClaimResult& result) {
  using Kind = model::Claim::Kind;
  const model::Claim& claim = setup.claims[result.claim];
  std::uint64_t yes = 0;  // Executions in which it is witnessed.
  std::uint64_t no = 0;
  std::uint64_t bad = 0;  // In which it is broken.
  std::uint64_t good = 0;
  bool some_yes = false;
  bool some_no = false;
  for (const auto& [ending, facts] : naive.endings()) {
    const bool is_yes = has(ending.second, result.claim);
    const bool is_bad = has(ending.first, result.claim);
    (is_yes ? some_yes : some_no) = true;
    (is_yes ? yes : no) = saturating_sum(is_yes ? yes : no, facts.executions);
    (is_bad ? bad : good) = saturating_sum(is_bad ? bad : good, facts.executions);
  }
  bool holds = !naive.broken().contains(result.claim);
  bool over_finals = true;
  switch (claim.kind) {
    case Kind::exists:
    case Kind::question:
      holds = some_yes;
      break;
    case Kind::not_exists:
      holds = !some_yes;
      break;
    case Kind::forall:
      holds = !some_no;
      break;
    default:
      over_finals = false;
      break;
  }
  const bool wanted = claim.kind == Kind::question || holds != claim.expect_fail;
  const std::string name = fmt::format("claim {} ('{}')", result.claim, claim.text);
  differ(name + " holds", static_cast<std::uint64_t>(holds),
         static_cast<std::uint64_t>(result.holds));
  differ(name + " as expected", static_cast<std::uint64_t>(wanted),
         static_cast<std::uint64_t>(result.as_expected));
  differ(name + " positive", over_finals ? yes : bad, result.positive);
  differ(name + " negative", over_finals ? no : good, result.negative);
}

void Comparison::simulations(const sim::ExploreReport& report, std::uint64_t seeds) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    variant = fmt::format("run by time, seed {}", seed);
    simulate(report, sim::Order::by_time, seed);
    variant = fmt::format("run in any order, seed {}", seed);
    simulate(report, sim::Order::any, seed);
  }
}

void Comparison::simulate(const sim::ExploreReport& report, sim::Order order, std::uint64_t seed) {
  model::World world(setup, order);
  sim::SeededChooser chooser(seed);
  sim::NoTrace quiet;
  // `within` is judged in simulated runs only, and then nothing else can be compared.
  const bool deadlines = std::ranges::any_of(
      setup.monitors, [](const model::Monitor& monitor) { return monitor.within != 0; });
  for (std::uint64_t steps = 0; steps < steps_max; ++steps) {
    if (!world.consistent()) return differ("inconsistent at step", endless, steps);
    const bool known = std::ranges::binary_search(report.fingerprints, sim::fingerprint_of(world));
    if (!known && !deadlines) return differ("not explored at step", endless, steps);
    if (world.step({.chooser = chooser, .trace = quiet})) continue;
    world.rest();
    const bool ending = naive.endings().contains({world.broken(), world.witnessed()});
    if (!deadlines) differ("its ending was explored", 1, static_cast<std::uint64_t>(ending));
    return;
  }
  differ("a run that goes on for ever, without a cycle", 1,
         static_cast<std::uint64_t>(naive.cyclic()));
}

bool same_setup(const model::Setup& a, const model::Setup& b) {
  const auto bytes = [](const model::Setup& setup) {
    sim::Encoder encoder;
    sim::encode(encoder, setup.hosts);
    for (const model::AdapterSetup& adapter : setup.adapters) {
      sim::encode(encoder, adapter.name);
      sim::encode(encoder, adapter.host);
      sim::encode(encoder, adapter.tlb_entries);
      sim::encode(encoder, adapter.odp);
      sim::encode(encoder, adapter.policy.index());
    }
    sim::encode(encoder, setup.processes);
    sim::encode(encoder, setup.regions);
    sim::encode(encoder, setup.links);
    sim::encode(encoder, setup.variables);
    sim::encode(encoder, setup.programs);
    sim::encode(encoder, setup.lines);
    sim::encode(encoder, setup.points);
    sim::encode(encoder, setup.monitors);
    sim::encode(encoder, setup.claims);
    sim::encode(encoder, setup.switches);
    sim::encode(encoder, setup.costs);
    sim::encode(encoder, setup.varying);
    return std::vector<std::byte>(encoder.bytes().begin(), encoder.bytes().end());
  };
  return a.name == b.name && a.kernel == b.kernel && bytes(a) == bytes(b);
}

}  // namespace random_scenarios
