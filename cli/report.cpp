// SPDX-License-Identifier: Apache-2.0
#include "cli/report.hpp"

#include <algorithm>
#include <limits>

#include "cli/attribution.hpp"
#include "cli/coverage_report.hpp"
#include "cli/layout.hpp"
#include "cli/names.hpp"
#include "cli/sweep/estimate.hpp"
#include "sim/pct_chooser.hpp"

namespace cli {
namespace {

using language::RunMode;
using model::Claim;
using model::ClaimResult;

constexpr std::size_t verdict_width = 6;
constexpr std::uint64_t exact_below = 10'000'000'000;

std::string ended_text(const Outcome& outcome, const Options& options) {
  switch (outcome.stopped) {
    case Stopped::no:
      break;
    case Stopped::states:
      return outcome.mode == RunMode::explore
                 ? fmt::format("stopped: state limit {}", options.limits.states)
                 : fmt::format("stopped: step limit {}", options.limits.steps);
    case Stopped::memory:
      return fmt::format("stopped: memory limit {} MB", options.limits.megabytes);
    case Stopped::time:
      return fmt::format("stopped: time limit {} s", options.limits.seconds);
    case Stopped::interrupt:
      return "stopped: interrupted";
  }
  switch (outcome.mode) {
    case RunMode::explore:
      return "complete";
    case RunMode::random:
    case RunMode::pct:
      return "a sample, not complete";
    case RunMode::simulate:
      return "at rest";
  }
  return {};
}

std::vector<std::string> totals(const Outcome& outcome, const Options& options) {
  const std::string ended = ended_text(outcome, options);
  switch (outcome.mode) {
    case RunMode::explore: {
      const std::string executions =
          outcome.unbounded ? "unbounded" : count_text(outcome.executions);
      std::vector<std::string> parts{fmt::format("states {}", outcome.states),
                                     fmt::format("executions {}", executions), ended};
      if (options.reduce.any() && !outcome.reduced) parts.push_back("not reduced");
      if (options.verbosity != Verbosity::verbose) return parts;
      const StateSize& size = outcome.size;
      parts.push_back(fmt::format("bytes a state: {} to expand, {} in the graph, {} in parts",
                                  size.frontier, size.graph, size.parts));
      if (outcome.symmetries < 2) return parts;
      parts.push_back(fmt::format("symmetries {}", outcome.symmetries));
      for (const std::string& programs : outcome.alike) parts.push_back("alike: " + programs);
      return parts;
    }
    case RunMode::random:
    case RunMode::pct:
      return {fmt::format("runs {}", outcome.executions),
              fmt::format("steps at most {}", outcome.states), ended};
    case RunMode::simulate:
      return {fmt::format("steps {}", outcome.states),
              fmt::format("time {}.{:03} us", outcome.time / 1000, outcome.time % 1000), ended};
  }
  return {};
}

// Good and Turing: the chance that one more run shows what none has shown is about the share of the
// runs that have shown what no other run has.
std::string unseen_text(const SampleFacts& facts, std::uint64_t runs) {
  if (facts.final_states_once == 0) return "none of them seen once only";
  const std::uint64_t permille = facts.final_states_once * 1000 / runs;
  return fmt::format("{} seen once: about {}.{} % of more runs would end in a new one",
                     facts.final_states_once, permille / 10, permille % 10);
}

// What Burckhardt et al. promise, if no run was longer than the change points reach.
std::string promise_text(const Case& what, const Outcome& outcome) {
  const SampleFacts& facts = *outcome.sample;
  std::string text =
      fmt::format("priorities for {}, change points in {}", counted(facts.lanes, "lane"),
                  counted(facts.steps_expected, "step"));
  const std::uint32_t depth = what.cell->depth;
  if (outcome.states > facts.steps_expected) return text + ", which some runs exceed";
  if (depth == 0) return text;
  const std::uint64_t runs =
      sim::pct_runs_per_bug(facts.lanes, {.depth = depth, .steps = facts.steps_expected});
  return text + fmt::format(": what needs depth {} shows in 1 of {} runs or more", depth,
                            count_text(runs));
}

std::string sample_text(const Case& what, const Outcome& outcome) {
  const SampleFacts& facts = *outcome.sample;
  std::vector<std::string> parts;
  if (facts.states > 0) {
    parts.push_back(fmt::format("states {}{}", facts.more_states ? ">=" : "", facts.states));
  }
  const std::string classes =
      facts.final_classes == 1 ? "1 class" : fmt::format("{} classes", facts.final_classes);
  parts.push_back(fmt::format("final states {} in {}", facts.final_states, classes));
  std::string text = flowed("  ", parts, "  ", 2);
  if (outcome.executions > 0) text += flowed("  ", unseen_text(facts, outcome.executions), 4);
  if (outcome.mode == RunMode::pct) text += flowed("  ", promise_text(what, outcome), 4);
  return text;
}

bool is_quantified(const Claim& claim) {
  return claim.kind == Claim::Kind::exists || claim.kind == Claim::Kind::not_exists ||
         claim.kind == Claim::Kind::forall;
}

// Expected results and `>` lines: statements of the program, which are many and mostly hold.
bool is_statement(const Claim& claim) {
  return claim.kind == Claim::Kind::result || claim.kind == Claim::Kind::emitted;
}

std::string counts_text(const Claim& claim, const ClaimResult& result, const Outcome& outcome) {
  if (outcome.mode == RunMode::simulate) return {};
  if (result.loops) return "in a loop";
  if (result.positive == 0 && result.negative == 0) return {};
  const std::string positive = count_text(result.positive);
  const std::string negative = count_text(result.negative);
  if (is_quantified(claim)) {
    const std::string_view word = result.positive == 0   ? "Never"
                                  : result.negative == 0 ? "Always"
                                                         : "Sometimes";
    return fmt::format("{} {} {}", word, positive, negative);
  }
  if (result.holds || result.positive == 0) return {};
  if (outcome.unbounded) return "in some";
  const std::uint64_t all = outcome.executions;
  return fmt::format("{} of {}{}", positive, count_text(all),
                     outcome.stopped == Stopped::no ? "" : " seen");
}

struct Row {
  std::string keyword{};
  std::string text{};
  std::string verdict{};
  Style style = Style::plain;
  std::string counts{};
};

Row row_of(const Claim& claim, const ClaimResult& result, const Outcome& outcome) {
  Row row{.keyword = std::string(keyword(claim)),
          .text = claim.text,
          .verdict = "ok",
          .style = Style::good,
          .counts = counts_text(claim, result, outcome)};
  if (row.text.starts_with(row.keyword + " ")) row.text.erase(0, row.keyword.size() + 1);
  if (!result.as_expected) {
    row.verdict = "FAIL";
    row.style = Style::bad;
    if (claim.expect_fail) row.counts = "does not fail";
  } else if (!result.decided) {
    row.verdict = "undecided";
    row.style = Style::strong;
  } else if (claim.expect_fail) {
    row.verdict = "fails as expected";
  }
  return row;
}

void add_statements(std::vector<Row>& rows, const Case& what, const Outcome& outcome,
                    Claim::Kind kind, std::string_view says) {
  std::size_t all = 0;
  std::size_t failed = 0;
  std::size_t open = 0;
  for (const ClaimResult& result : outcome.verdict.claims) {
    if (what.setup().claims[result.claim].kind != kind) continue;
    ++all;
    if (!result.as_expected) ++failed;
    if (result.as_expected && !result.decided) ++open;
  }
  if (all == failed) return;
  rows.push_back({.keyword = kind == Claim::Kind::result ? "calls" : "lines",
                  .text = fmt::format("{} of {} {}", all - failed - open, all, says),
                  .verdict = open > 0 ? "undecided" : "ok",
                  .style = open > 0 ? Style::strong : Style::good});
}

std::vector<Row> rows_of(const Case& what, const Outcome& outcome, Verbosity verbosity) {
  std::vector<Row> rows;
  for (const ClaimResult& result : outcome.verdict.claims) {
    const Claim& claim = what.setup().claims[result.claim];
    if (claim.kind == Claim::Kind::question) continue;
    const bool dull = is_statement(claim) && result.as_expected;
    if (dull && verbosity != Verbosity::verbose) continue;
    rows.push_back(row_of(claim, result, outcome));
  }
  if (verbosity == Verbosity::verbose) return rows;
  // Where an execution goes round for ever, a call may be under way all the time.
  add_statements(
      rows, what, outcome, Claim::Kind::result,
      outcome.unbounded ? "return what they should, if at all" : "return what they should");
  add_statements(rows, what, outcome, Claim::Kind::emitted, "'>' or '!>' are as they say");
  return rows;
}

// What follows the text of a claim: the verdict in its column, and the counts.
std::size_t tail_width(const Row& row) {
  if (row.counts.empty()) return row.verdict.size();
  return std::max(verdict_width, row.verdict.size() + 1) + 1 + row.counts.size();
}

void write_rows(Output& out, const std::vector<Row>& rows) {
  std::size_t keyword_width = 7;
  std::size_t tail = 0;
  for (const Row& row : rows) {
    keyword_width = std::max(keyword_width, width_of(row.keyword));
    tail = std::max(tail, tail_width(row));
  }
  constexpr std::size_t blanks_between = 5;
  std::size_t text_width = 21;
  for (const Row& row : rows) {
    const std::size_t wanted = width_of(row.text);
    const bool fits = keyword_width + wanted + tail + blanks_between <= page_width;
    if (fits) text_width = std::max(text_width, wanted);
  }
  for (const Row& row : rows) {
    std::string first = fmt::format("  {} ", padded(row.keyword, keyword_width));
    const std::size_t indent = width_of(first);
    if (width_of(row.text) <= text_width) {
      first += padded(row.text, text_width);
    } else {
      out.write(flowed(first, row.text, indent));
      first = std::string(indent + text_width, ' ');
    }
    const std::string verdict = out.styled(row.style, row.verdict);
    const std::size_t blanks =
        row.verdict.size() < verdict_width ? verdict_width - row.verdict.size() : 1;
    if (row.counts.empty()) {
      out.print("{}  {}\n", first, verdict);
    } else {
      out.print("{}  {}{} {}\n", first, verdict, std::string(blanks, ' '), row.counts);
    }
  }
}

// What loops break and the scenario does not speak of.
void write_unclaimed_cycles(Output& out, const Case& what, const Outcome& outcome) {
  for (const model::Cycle& cycle : outcome.verdict.cycles.found) {
    const bool claimed = std::ranges::any_of(what.setup().claims, [&](const Claim& claim) {
      return claim.kind == Claim::Kind::never && claim.property == cycle.property;
    });
    if (claimed) continue;
    const auto& info = model::property_table[static_cast<std::size_t>(cycle.property)];
    out.write(flowed("  note: ",
                     fmt::format("an execution goes round for ever, which breaks {} ({}); no claim "
                                 "speaks of it",
                                 info.name, info.code),
                     4));
  }
}

// Those that the scenario asks for.
void write_measured(Output& out, const Case& what, const Outcome& outcome) {
  if (what.setup().load.measures.empty()) return;
  std::size_t width = 0;
  for (const Measure& each : outcome.measures) width = std::max(width, each.name.size());
  for (const Measure& each : outcome.measures) {
    if (each.name == "time" || each.name == "steps") continue;
    out.print("  {:<{}}  {:>14}\n", each.name, width, quantity_text(each.value, each.unit));
  }
}

}  // namespace

std::string_view mode_name(RunMode mode) {
  switch (mode) {
    case RunMode::explore:
      return "explore";
    case RunMode::random:
      return "random";
    case RunMode::pct:
      return "pct";
    case RunMode::simulate:
      return "simulate";
  }
  return {};
}

std::string mode_text(const language::Cell& cell, const Options& options) {
  switch (cell.mode) {
    case RunMode::explore:
      return options.reduce.any() ? fmt::format("explore all, reduce {}", name_of(options.reduce))
                                  : "explore all";
    case RunMode::random:
      return fmt::format("random {}", cell.runs);
    case RunMode::pct:
      return fmt::format("pct {}", cell.runs) +
             (cell.depth == 0 ? "" : fmt::format(" bound {}", cell.depth));
    case RunMode::simulate:
      return "simulate";
  }
  return {};
}

std::string name_of(const model::Reduce& reduce) {
  if (reduce == model::Reduce::all()) return "all";
  if (reduce.symmetry) return "symmetry";
  if (reduce.numbers) return "numbers";
  if (reduce.sequences) return "sequences";
  return reduce.leftovers ? "leftovers" : "none";
}

std::string_view ended_name(const Outcome& outcome) {
  switch (outcome.stopped) {
    case Stopped::no:
      return outcome.mode == RunMode::explore ? "complete"
             : is_sample(outcome.mode)        ? "sampled"
                                              : "rest";
    case Stopped::states:
      return outcome.mode == RunMode::explore ? "states" : "steps";
    case Stopped::memory:
      return "memory";
    case Stopped::time:
      return "time";
    case Stopped::interrupt:
      return "interrupted";
  }
  return {};
}

std::string count_text(std::uint64_t count) {
  if (count == std::numeric_limits<std::uint64_t>::max()) return ">=1.8e19";
  if (count < exact_below) return std::to_string(count);
  std::string text = fmt::format("{:.2e}", static_cast<double>(count));
  text.erase(text.find('+'), 1);
  return text;
}

void write_heading(Output& out, const Case& what, const Options& options, const std::string& mode) {
  const model::Setup& setup = what.setup();
  std::vector<std::string> parts;
  const auto add = [&](std::string_view word, const std::string& value) {
    if (!value.empty()) parts.push_back(fmt::format("{} {}", word, value));
  };
  add("policy", what.cell->policy);
  add("kernel", setup.kernel);
  add("seed", std::to_string(options.seed));
  parts.push_back(mode);
  const std::string name = setup.name.empty() ? what.scenario->path : setup.name;
  const std::string text = flowed(name + "  ", parts, "  ", 2);
  out.write(out.styled(Style::strong, text.substr(0, name.size())) + text.substr(name.size()));
  if (what.cell->params.empty()) return;
  std::vector<std::string> params;
  for (const auto& [param, value] : what.cell->params) {
    params.push_back(fmt::format("{} = {}", param, value));
  }
  out.write(flowed("  with ", params, ", ", 7));
}

namespace {

// What `check` says of the measures of a run by time.
void write_checks(Output& out, const Outcome& outcome) {
  for (const CheckResult& check : outcome.checks) {
    out.write(flowed("  check   ", check.text, 10));
    std::string verdict = out.styled(Style::strong, "undecided");
    if (check.of_baseline) verdict = "about a baseline: for compare and sweep";
    if (check.holds) {
      verdict = *check.holds ? out.styled(Style::good, "ok") : out.styled(Style::bad, "FAIL");
    }
    out.print("          {}\n", verdict);
  }
}

}  // namespace

void write_result(Output& out, const Case& what, const Outcome& outcome, const Options& options) {
  out.write(flowed("  ", totals(outcome, options), "  ", 2));
  if (outcome.sample) out.write(sample_text(what, outcome));
  write_rows(out, rows_of(what, outcome, options.verbosity));
  write_unclaimed_cycles(out, what, outcome);
  write_checks(out, outcome);
  for (std::size_t i = 0; i < what.cell->questions.size(); ++i) {
    out.write(flowed("  ? ", what.cell->questions[i].text, 4));
    out.write(flowed("    ", answer_text(what, outcome, i), 4));
  }
  write_measured(out, what, outcome);
  if (outcome.coverage) write_coverage(out, what, outcome);
  write_attribution(out, what, outcome);
}

}  // namespace cli
