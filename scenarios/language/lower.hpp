// SPDX-License-Identifier: Apache-2.0
// From a checked script to what the model runs: one Setup for each choice of the params.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/setup.hpp"
#include "scenarios/language/problem.hpp"
#include "scenarios/language/source.hpp"
#include "scenarios/language/statistic.hpp"

namespace language {

enum class RunMode : std::uint8_t { simulate, explore, random, pct };

constexpr bool is_sample(RunMode mode) { return mode == RunMode::random || mode == RunMode::pct; }

// What `explore` says.
struct HowToRun {
  RunMode mode = RunMode::explore;
  std::uint64_t runs = 1;   // random, pct: how many.
  std::uint32_t depth = 0;  // pct: its `bound`. 0: the depths take turns.
};
inline constexpr std::uint32_t pct_depth_max = 64;

// What the words on the command line say: they win over the file.
struct Choices {
  std::vector<std::pair<std::string, std::string>> params;  // -D name=value
  std::string policy;                                       // --policy
  std::string kernel;                                       // --kernel
  std::optional<HowToRun> explore{};                        // --explore
  std::vector<std::pair<std::string, std::string>> set{};   // --set name=value
};

struct Column {  // Of `watch`.
  std::string text;
  model::Expression expression;
};

struct Question {  // Of `ask`.
  enum class Kind : std::uint8_t { exists, not_exists, forall, value } kind = Kind::exists;
  std::string text;
  model::Expression expression;
  std::uint32_t claim = model::no_claim;  // Where the model keeps the answer to exists and forall.
};

// A step of the timeline: what a record of a real kernel has as one.
struct TimelineStep {
  std::string text;  // Empty: it says nothing.
  std::vector<model::LineId> lines;
  Span span;
};

// A trace that is replayed: what has become of its lines.
struct TraceSummary {
  std::string path;
  std::vector<std::string> lines;
};

// A scenario with its params chosen. `setup` has one address for life: worlds point to it.
struct Cell {
  std::vector<std::pair<std::string, std::string>> params;  // Those that the file declares.
  std::string policy;
  RunMode mode = RunMode::explore;
  std::uint64_t runs = 1;  // See HowToRun.
  std::uint32_t depth = 0;
  std::unique_ptr<model::Setup> setup;
  std::vector<Span> places;  // What `source` in lines and claims means.
  std::vector<Column> watch;
  std::vector<Question> questions;
  std::vector<TimelineStep> steps;
  Statistics statistics;
  std::vector<TraceSummary> traces;
  std::vector<model::MmId> also_seen;  // `with` of the window: in the order in which it names them.
};

struct Loaded {
  std::vector<Cell> cells;  // The cross product of the params; empty if there are errors.
  std::vector<Problem> problems;
};

// Reads, checks and lowers a file and what it imports.
Loaded load(Sources& sources, const std::string& path, const Choices& choices);

}  // namespace language
