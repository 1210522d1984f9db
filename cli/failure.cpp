// SPDX-License-Identifier: Apache-2.0
// The blocks below the table of claims.
#include "cli/causes.hpp"
#include "cli/chain.hpp"
#include "cli/command.hpp"
#include "cli/decision.hpp"
#include "cli/explanation.hpp"
#include "cli/layout.hpp"
#include "cli/names.hpp"
#include "cli/report.hpp"
#include "scenarios/language/problem.hpp"

namespace cli {
namespace {

using model::Claim;
using model::ClaimResult;

// Where the claim stands, and that it fails.
void write_claim(Output& out, const Case& what, const Claim& claim, const ClaimResult& result) {
  const auto span = what.place(claim.source);
  std::string place = what.scenario->path;
  if (span) {
    const language::Source& source = what.sources().at(span->source);
    const language::Position position = source.position(span->offset);
    place = fmt::format("{}:{}:{}", source.path, position.line, position.column);
  }
  place += ": ";
  const std::string said = (claim.expect_fail ? "expect fail " : "") + full_text(claim);
  const std::string verdict = result.as_expected ? "as expected" : "FAIL";
  const std::string text =
      flowed(place + verdict + ": ", said, 4).substr(place.size() + verdict.size());
  out.write(place + out.styled(result.as_expected ? Style::good : Style::bad, verdict) + text);
  if (span) out.write(language::excerpt(what.sources().at(span->source), *span));
}

void write_note(Output& out, const Case& what, const Claim& claim, const Note& note) {
  std::string place;
  if (note.place) {
    const auto here = what.place(claim.source);
    const language::Source& source = what.sources().at(note.place->source);
    const bool same = here && here->source == note.place->source;
    place = fmt::format("{}:{}: ", same ? "" : source.path, source.line_of(note.place->offset));
  }
  out.write(flowed(fmt::format(" {}note: ", place), note.text, 4));
}

void write_decision(Output& out, const Case& what, const ClaimResult& result,
                    const Insight& insight) {
  for (const std::string& note : decision_notes(what, result, insight)) {
    out.write(flowed(" note: ", note, 4));
  }
}

void write_way_out(Output& out, const Case& what, const Insight& insight, const Options& options) {
  if (options.verbosity != Verbosity::verbose || !insight.decision) return;
  const std::optional<WayOut>& way_out = insight.decision->way_out;
  if (!way_out) return;
  out.print("near miss ({}):\n", counted(way_out->steps, "step"));
  out.write(replay_command(what, {.path = way_out->path, .steps = way_out->steps}, options));
}

// What there is to say where no execution can be shown.
std::string_view reason(const Claim& claim, const ClaimResult& result, language::RunMode mode) {
  if (claim.expect_fail && result.holds) return "it was expected to fail, and holds";
  if (claim.kind != Claim::Kind::exists) return {};
  return mode == language::RunMode::simulate ? "this run does not end so" : "no execution ends so";
}

std::string_view title(language::RunMode mode) {
  switch (mode) {
    case language::RunMode::explore:
      return "shortest execution";
    case language::RunMode::random:
    case language::RunMode::pct:
      return "shortest execution that was found";
    case language::RunMode::simulate:
      return "this run";
  }
  return {};
}

}  // namespace

void write_failures(Output& out, const Case& what, const Outcome& outcome, const Options& options) {
  for (const ClaimResult& result : outcome.verdict.claims) {
    const Claim& claim = what.setup().claims[result.claim];
    const bool fails = claim.expect_fail && !result.holds && result.has_example;
    if (result.as_expected && !(options.why && fails)) continue;
    out.write("\n");
    write_claim(out, what, claim, result);
    const std::string_view why = reason(claim, result, outcome.mode);
    if (!why.empty()) out.print(" note: {}\n", why);
    if (!result.has_example) continue;
    const model::Cycle* cycle = outcome.verdict.cycle_of(what.setup(), result);
    for (const Note& note : explain(what, result, cycle)) write_note(out, what, claim, note);
    const Insight* insight = outcome.insight(result.claim);
    if (insight != nullptr) write_decision(out, what, result, *insight);
    if (options.why) {
      for (const std::string& line : chain_lines(what, result)) out.write(line);
      for (const std::string& line : cause_lines(what, result)) out.write(line);
    }
    const std::string switches =
        insight == nullptr ? "" : ", " + counted(insight->switches, "switch", "es");
    if (result.loops) {
      out.print("shortest way into a loop ({}, of which the last {} go round):\n",
                counted(result.steps, "step"), result.steps - result.stem_steps);
    } else {
      out.print("{} ({}{}):\n", title(outcome.mode), counted(result.steps, "step"), switches);
    }
    out.write(replay_command(what, result, options));
    if (insight != nullptr) write_way_out(out, what, *insight, options);
  }
}

}  // namespace cli
