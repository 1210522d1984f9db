// SPDX-License-Identifier: Apache-2.0
// Runs one cell of a scenario in the mode that it asks for, and says what came of it.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "cli/coverage.hpp"
#include "cli/insight.hpp"
#include "cli/measures.hpp"
#include "cli/observed.hpp"
#include "cli/options.hpp"
#include "cli/progress.hpp"
#include "cli/sample.hpp"
#include "cli/scenario.hpp"
#include "cli/watchdog.hpp"
#include "model/causes.hpp"
#include "model/load/measure.hpp"
#include "model/verdict.hpp"

namespace cli {

enum class Judgement : std::uint8_t { pass, fail, undecided };
std::string_view name_of(Judgement judgement);

// What an exploration holds in memory, in bytes a state.
struct StateSize {
  std::size_t frontier = 0;  // A state that is to be expanded: the numbers of its parts.
  std::size_t graph = 0;     // What stays of each state, with its transitions.
  std::size_t parts = 0;     // The parts that states are made of; roughly.
};

struct Outcome {
  language::RunMode mode = language::RunMode::explore;
  Stopped stopped = Stopped::no;
  model::Verdict verdict{};
  // Explored: distinct states. A run: its steps. Several runs: those of the longest.
  std::uint64_t states = 0;
  std::uint64_t transitions = 0;
  std::uint64_t executions = 0;      // Saturating.
  bool unbounded = false;            // Some execution need not come to rest.
  StateSize size{};                  // Explored.
  bool reduced = false;              // Symmetric states were taken for one, and the like.
  std::size_t symmetries = 0;        // Of a reduced exploration, and the programs
  std::vector<std::string> alike{};  // that may change places: "app.t0, app.t1".
  sim::Nanoseconds time = 0;         // At the end of a run by time.
  // For each question that asks for a value: those of all final states that were reached.
  std::vector<std::set<std::int64_t>> values{};
  std::optional<SampleFacts> sample{};  // random, pct
  std::optional<Coverage> coverage{};   // With --coverage: not of one run by time.
  std::vector<Insight> insights{};      // Explored: into each example.
  // Of a run by time, with --why: what each line has caused; the last one is for no call.
  std::vector<model::Tally> tallies{};
  // Of a run by time, if it was to be measured, or if the scenario says something of measures.
  std::vector<Measure> measures{};
  std::vector<CheckResult> checks{};
  Judgement judgement = Judgement::pass;

  // All executions were looked at. One run and a sample prove nothing of the others.
  bool complete() const { return stopped == Stopped::no && mode == language::RunMode::explore; }
  // The first claim that is not as the scenario says, or null.
  const model::ClaimResult* failure() const;
  // Into the example of this claim, or null.
  const Insight* insight(std::uint32_t claim) const;
};

sim::Order order_of(const language::Cell& cell);

// The questions of a scenario are no claims: their answers are neither right nor wrong.
bool is_question(const model::Setup& setup, const model::ClaimResult& result);

// Who sees a run by time while it happens.
struct Audience {
  sim::TraceSink& trace;
  Observer& observer;
  model::Lineage* lineage = nullptr;
};

Judgement judgement_of(const model::Setup& setup, const Outcome& outcome);

// One run by time, whatever the scenario asks for. `audience` may be null.
Outcome run_by_time(const Case& what, const Options& options, Progress& progress,
                    Audience* audience);

// `audience` may be null.
Outcome run(const Case& what, const Options& options, Progress& progress, Audience* audience);

}  // namespace cli
