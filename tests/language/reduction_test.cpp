// SPDX-License-Identifier: Apache-2.0
// All scenarios that the program ships, explored with every reduction and without any.
#include <doctest/doctest.h>

#include "model/explore.hpp"
#include "model/symmetry.hpp"
#include "scenarios/language/lower.hpp"
#include "tests/language/support.hpp"

namespace {

using language::Cell;

sim::ExploreReport explore(const Cell& cell, model::Reduce what) {
  model::World start(*cell.setup, sim::Order::any);
  std::vector<model::Expression> questions;
  for (const language::Question& question : cell.questions) {
    questions.push_back(question.expression);
  }
  const model::Reduction reduction = model::find_reduction(*cell.setup, start, questions, what);
  start.reduce(reduction);
  sim::ExploreReport report = model::explore(start, {.states_max = 5'000});
  model::complete(report, start, reduction);
  return report;
}

std::string text_of(const sim::ExploreReport& report) {
  std::string text = std::to_string(report.executions);
  for (const sim::Counterexample& example : report.counterexamples) {
    text += "\n broken " + std::to_string(example.claim) + " after " +
            std::to_string(example.steps) + " " + sim::to_text(example.path);
  }
  for (const sim::FinalClass& alike : report.finals_by_class) {
    text += "\n final " + std::to_string(alike.broken) + " " + std::to_string(alike.witnessed) +
            " " + std::to_string(alike.executions) + " " + std::to_string(alike.steps);
  }
  return text;
}

}  // namespace

TEST_CASE("a reduced search says of every scenario what an unreduced one says") {
  std::size_t fewer = 0;
  for (const std::string& path : language_test::scenarios_in("scenarios")) {
    CAPTURE(path);
    if (path.starts_with("scenarios/linux/")) continue;  // One call after the other: no choice.
    language::Sources sources(language_test::read_file);
    const language::Loaded loaded = language::load(sources, path, {});
    for (const Cell& cell : loaded.cells) {
      if (cell.mode != language::RunMode::explore) continue;
      const sim::ExploreReport full = explore(cell, {});
      if (!full.complete()) continue;
      const sim::ExploreReport reduced = explore(cell, model::Reduce::all());
      CHECK(reduced.complete());
      CHECK(text_of(reduced) == text_of(full));
      CHECK(reduced.states <= full.states);
      if (reduced.states < full.states) ++fewer;
    }
  }
  CHECK(fewer > 20);
}
