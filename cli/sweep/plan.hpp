// SPDX-License-Identifier: Apache-2.0
// What a sweep, or a comparison, consists of: one cell for each choice of policy, params and seed.
// Invariant: the same command on the same text gives the same cells, numbered alike, whoever makes
// them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/json.hpp"
#include "cli/measures.hpp"
#include "scenarios/language/grid.hpp"

namespace cli {

struct PlanCell {
  std::size_t grid = 0;   // Of Plan::grids,
  std::size_t point = 0;  // and of its points: with the first seed, if the seed is a param.
  std::string policy;
  std::uint64_t seed = 1;
  std::optional<std::size_t> baseline{};  // The cell that it is compared with.
};

struct Plan {
  std::string path;
  Options options;
  std::vector<std::uint64_t> seeds;
  bool seed_is_param = false;
  std::vector<language::Grid> grids;  // One for each of --policies, or one.
  std::vector<PlanCell> cells;        // Policies first; seeds turn fastest.
  // What all cells are read from, by path: a file may change while a sweep is under way.
  std::map<std::string, std::string> texts;
  std::string hash;  // Of the texts.
  // False: none of the cells is the baseline that the scenario names, and ratios are to the first
  // policy. What the scenario says of its baseline is undecided then.
  bool baseline_is_there = true;

  const language::Grid& grid_of(std::size_t cell) const { return grids[cells[cell].grid]; }
  // The params of a cell, without seed and policy.
  std::vector<std::pair<std::string, std::string>> params(std::size_t cell) const;
  // "policy", "seed" or a param; none if there is no such.
  std::optional<std::string> value(std::size_t cell, const std::string& name) const;
  // The same as a number in the base unit of its dimension; none: it is a word.
  std::optional<double> number(std::size_t cell, const std::string& name) const;
  // What loads that cell alone.
  language::Choices choices(std::size_t cell) const;
  Scenario load(std::size_t cell) const;
  language::Statistics statistics(std::size_t cell) const;
};

// With what is wrong with the text or the command; then there is no plan.
struct Planned {
  std::unique_ptr<Plan> plan;
  std::string problems;
};
Planned make_plan(const std::string& path, const Options& options, language::Taken taken);

// Program, text, cells and command: two sweeps are the same if these are. Nothing in it depends on
// how many make it.
Json manifest_of(const Plan& plan);
std::string manifest_text(const Json& manifest);
// In words, each difference that matters; empty: they are the same.
std::vector<std::string> differences(const Json& theirs, const Json& ours);
// The options with which the sweep of a manifest was planned; none if it does not say.
std::optional<Options> options_of(const Json& manifest, const Options& others);

}  // namespace cli
