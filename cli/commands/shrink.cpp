// SPDX-License-Identifier: Apache-2.0
// shrink FILE: the smallest scenario in which the same claim still fails, as a text that can be
// run, and how to replay it.
#include <filesystem>

#include "cli/command.hpp"
#include "cli/commands/all.hpp"
#include "cli/layout.hpp"
#include "cli/names.hpp"
#include "cli/play.hpp"
#include "cli/shrinker.hpp"
#include "scenarios/language/parse.hpp"
#include "scenarios/language/reduction.hpp"

namespace cli {
namespace {

constexpr std::string_view licence = "// SPDX-License-Identifier: Apache-2.0\n";

// What an execution that was found elsewhere breaks first; empty: nothing, or it does not fit.
std::string claim_of_path(const Case& what, const Options& options) {
  const auto path = sim::parse_path(options.path);
  if (!path) return {};
  Nobody nobody;
  const Played played = play(what, *path, options.steps, nobody);
  if (played.replay.diverged) return {};
  for (std::size_t i = 0; i < what.setup().claims.size(); ++i) {
    if (((played.broken >> i) & 1) != 0) return full_text(what.setup().claims[i]);
  }
  return {};
}

// The first claim that fails, best one that should not.
std::string failing_claim(const Case& what, const Options& options) {
  if (!options.path.empty()) return claim_of_path(what, options);
  Progress progress(options.progress);
  const Outcome outcome = cli::run(what, options, progress, nullptr);
  for (const bool expected : {false, true}) {
    for (const model::ClaimResult& result : outcome.verdict.claims) {
      if (is_question(what.setup(), result) || result.holds || !result.has_example) continue;
      if (result.as_expected == expected) return full_text(what.setup().claims[result.claim]);
    }
  }
  return {};
}

// One text without imports, which is explored.
std::string start_text(const std::string& path) {
  language::Sources sources(read_file);
  const language::Parsed parsed = language::parse(sources, path);
  return language::flattened(sources, parsed.script) + "\nexplore all\n";
}

std::size_t lines_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

ExitStatus shrink(Session& session, const Case& what) {
  const Options& options = session.options;
  const std::string claim = failing_claim(what, options);
  if (claim.empty()) {
    session.err.write("shootdown: nothing fails here that an execution could show\n");
    return ExitStatus::ok;
  }
  const std::string place = options.output.empty() ? "shrunk.sd" : options.output;
  Options choices = options;
  choices.choices.params = what.cell->params;
  Shrinker shrinker(choices, place, claim);
  const std::string before = start_text(what.scenario->path);
  if (!shrinker.fails(before)) {
    session.err.print("shootdown: {} is too large to find '{}' again\n", what.scenario->path,
                      claim);
    return ExitStatus::undecided;
  }
  const std::string text = laid_out(std::string(licence) + shrinker.shrink(before));
  const std::optional<Scenario> smaller = shrinker.load(text);
  check(smaller.has_value());
  const Case result{.scenario = &*smaller, .cell = &smaller->loaded.cells.front()};
  Progress progress(options.progress);
  const Outcome outcome = cli::run(result, options, progress, nullptr);
  const model::ClaimResult* shown = result_of(result, outcome, claim);
  session.out.write(text);
  session.err.print("{} lines instead of {}, after {} in which {} fails or does not\n",
                    lines_of(text), lines_of(laid_out(before)), counted(shrinker.tried(), "text"),
                    claim);
  if (shown == nullptr || !shown->has_example) return ExitStatus::undecided;
  session.err.print("shortest execution ({}):\n", counted(shown->steps, "step"));
  session.err.write(replay_command(result, *shown, choices));
  return ExitStatus::ok;
}

}  // namespace

ExitStatus shrink_scenario(Session& session) {
  const std::vector<Scenario> scenarios =
      load_scenarios(session.options.files, session.options.choices);
  if (!report_problems(session, scenarios)) return ExitStatus::misuse;
  const std::vector<Case> cases = cases_of(scenarios);
  if (cases.size() != 1) {
    session.err.print(
        "shootdown: one scenario with its params chosen (-D) can be made smaller; here are {}\n",
        cases.size());
    return ExitStatus::misuse;
  }
  return shrink(session, cases.front());
}

}  // namespace cli
