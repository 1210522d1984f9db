// SPDX-License-Identifier: Apache-2.0
// Comparison: what is said of a world, held against a naive search of it. Each disagreement is a
// line that says what, and both values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/verdict.hpp"
#include "sim/explore_report.hpp"
#include "tests/random/naive.hpp"

namespace random_scenarios {

struct Comparison {
  const model::Setup& setup;
  const model::World& start;
  const Naive<model::World>& naive;
  std::string variant = "plain";
  std::vector<std::string> found;

  // Equal worlds, equal bytes, equal fingerprints; and tasks wait exactly while their guards do.
  void worlds(const sim::ExploreReport& report);
  // States, transitions, depth, final states, executions.
  void sizes(const sim::ExploreReport& report);
  // Broken claims and endings: which, how far away, and whether their paths lead there.
  void report(const sim::ExploreReport& report);
  // What follows for each claim.
  void verdict(const model::Verdict& verdict);
  // Seeded runs by time and in any order stay among the states of `report`.
  void simulations(const sim::ExploreReport& report, std::uint64_t seeds);

 private:
  void differ(std::string_view what, std::uint64_t expected, std::uint64_t actual);
  void replay_counterexample(const sim::Counterexample& each);
  void replay_final(const sim::FinalClass& each);
  void claim(const model::ClaimResult& result);
  void simulate(const sim::ExploreReport& report, sim::Order order, std::uint64_t seed);
};

// Everything that the model sees of a scenario.
bool same_setup(const model::Setup& a, const model::Setup& b);

}  // namespace random_scenarios
