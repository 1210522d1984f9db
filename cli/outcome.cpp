// SPDX-License-Identifier: Apache-2.0
#include "cli/outcome.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <thread>

#include "cli/layout.hpp"
#include "cli/ranks.hpp"
#include "cli/swarm.hpp"
#include "cli/thread_crew.hpp"
#include "model/explore.hpp"
#include "model/symmetry.hpp"
#include "sim/explore.hpp"
#include "sim/simulate.hpp"

namespace cli {
namespace {

using language::RunMode;

constexpr std::uint64_t steps_between_looks = 4096;

// Keeps what the questions ask for, and hands on what it sees. Of one thread.
class Collector final : public Observer {
 public:
  Collector(const language::Cell& cell, Observer* next) : cell_(cell), next_(next) {
    values_.resize(cell.questions.size());
  }
  void stepped(const model::World& world) override {
    if (next_ != nullptr) next_->stepped(world);
  }
  void rested(const model::World& world) override {
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const language::Question& question = cell_.questions[i];
      if (question.kind != language::Question::Kind::value) continue;
      values_[i].insert(model::evaluate(question.expression, world.machine()));
    }
    if (next_ != nullptr) next_->rested(world);
  }
  // For a search, which calls it from one thread only.
  std::function<void(const model::World&)> at_rest() {
    return [this](const model::World& world) { rested(world); };
  }
  std::vector<std::set<std::int64_t>> take() { return std::move(values_); }

 private:
  const language::Cell& cell_;
  Observer* next_;
  std::vector<std::set<std::int64_t>> values_;
};

Stopped reason_of(sim::Ended ended, const Watchdog& watchdog) {
  switch (ended) {
    case sim::Ended::complete:
    case sim::Ended::found:
      return Stopped::no;
    case sim::Ended::states:
      return Stopped::states;
    case sim::Ended::memory:
      return Stopped::memory;
    case sim::Ended::stopped:
      return watchdog.reason();
  }
  return Stopped::no;
}

std::string progress_text(const sim::Progress& now) {
  return fmt::format("{}, {} deep, {} MB", counted(now.states, "state"), counted(now.depth, "step"),
                     now.bytes / (1024 * 1024));
}

std::size_t threads_of(const Options& options) {
  constexpr std::uint64_t most = 256;
  if (options.threads == 0) return std::max(1U, std::thread::hardware_concurrency());
  return std::min(options.threads, most);
}

// A reduced search may take states for alike only if they answer what is asked alike.
std::vector<model::Expression> questions_of(const language::Cell& cell) {
  std::vector<model::Expression> questions;
  for (const language::Question& question : cell.questions) {
    if (question.kind == language::Question::Kind::value) questions.push_back(question.expression);
  }
  return questions;
}

// Calls that may be made for ever move sequence numbers for ever: only what they are to each other
// counts then.
model::Reduction endless_reduction(const Case& what) {
  const bool endless = std::ranges::any_of(what.setup().lines, &model::Line::repeats);
  return model::reduction_of(what.setup(), questions_of(*what.cell), {.sequences = endless});
}

struct Reduced {
  model::Reduction reduction{};
  std::optional<sim::ExploreReport> report{};  // None: nothing is to be reduced.
};

// Coverage is of all that can happen, under all names.
Reduced explore_reduced(const Case& what, const Options& options, Collector& collector,
                        const sim::ExploreOptions& limits) {
  Reduced reduced;
  if (!options.reduce.any() || options.coverage) return reduced;
  model::World world(what.setup(), sim::Order::any);
  reduced.reduction =
      model::find_reduction(what.setup(), world, questions_of(*what.cell), options.reduce);
  world.reduce(reduced.reduction);
  reduced.report = model::explore(world, limits, collector.at_rest());
  model::complete(*reduced.report, world, reduced.reduction);
  return reduced;
}

sim::ExploreReport explore_covered(const model::World& start, const sim::ExploreOptions& limits,
                                   Collector& collector, Coverage& coverage) {
  Observer nobody;
  Probe probe(coverage);
  return sim::explore<Observed>(
      Observed(start, nobody, &probe), limits,
      [&collector](const Observed& world) { collector.rested(world.world()); });
}

Outcome explore(const Case& what, const Options& options, Progress& progress) {
  Watchdog watchdog(options.limits.seconds);
  Collector collector(*what.cell, nullptr);
  ThreadCrew crew(threads_of(options));
  const sim::ExploreOptions limits{
      .states_max = options.limits.states,
      .bytes_max = options.limits.megabytes * 1024 * 1024,
      .crew = options.coverage ? nullptr : &crew,  // The probe sees each step.
      .stop =
          [&](const sim::Progress& now) {
            if (progress.due()) progress.show(progress_text(now));
            return watchdog.barks();
          },
      .keep_graph = true,
  };
  Coverage coverage;
  const model::Reduction relative = endless_reduction(what);
  model::World start(what.setup(), sim::Order::any);
  if (relative.what.any()) start.reduce(relative);
  Reduced reduced = explore_reduced(what, options, collector, limits);
  const bool whole = !reduced.report || reduced.report->unbounded;  // Who is starved has a name.
  const sim::ExploreReport report = !whole ? std::move(*reduced.report)
                                    : options.coverage
                                        ? explore_covered(start, limits, collector, coverage)
                                        : model::explore(start, limits, collector.at_rest());
  model::Cycles cycles;
  if (report.unbounded) cycles = model::judge_cycles(start, *report.graph);
  model::Verdict verdict = model::judge(what.setup(), report, std::move(cycles));
  std::vector<Insight> insights;
  if (whole) insights = look_into(what, report, verdict);
  return {.stopped = reason_of(report.ended, watchdog),
          .verdict = std::move(verdict),
          .states = report.states,
          .transitions = report.transitions,
          .executions = report.executions,
          .unbounded = report.unbounded,
          .size = {.frontier = report.state_bytes,
                   .graph = report.bytes_per_state,
                   .parts = report.part_bytes / report.states},
          .reduced = !whole,
          .symmetries = whole ? 0 : reduced.reduction.group.size(),
          .alike = whole ? std::vector<std::string>{} : std::move(reduced.reduction.alike),
          .values = collector.take(),
          .coverage = options.coverage ? std::optional(std::move(coverage)) : std::nullopt,
          .insights = std::move(insights)};
}

// One run with any chooser, looking up from time to time.
struct Running {
  const Options& options;
  Watchdog& watchdog;
  Progress& progress;
  std::uint64_t steps = 0;
  bool at_rest = false;
  Stopped stopped = Stopped::no;

  void run(Observed& world, sim::Turn turn) {
    const std::uint64_t steps_max = options.limits.steps == 0
                                        ? std::numeric_limits<std::uint64_t>::max()
                                        : options.limits.steps;
    while (!at_rest && stopped == Stopped::no) {
      const sim::Run part =
          sim::simulate(world, turn, std::min(steps_between_looks, steps_max - steps));
      steps += part.steps;
      at_rest = part.at_rest;
      if (progress.due()) progress.show(counted(steps, "step"));
      if (at_rest) return;
      if (steps == steps_max) stopped = Stopped::states;
      if (watchdog.barks()) stopped = watchdog.reason();
    }
  }
};

// All runs that were asked for have been made: a claim that held in each has passed, as far as a
// sample can tell. One that some run would have to show has not been decided.
void accept_sample(const model::Setup& setup, model::Verdict& verdict) {
  for (model::ClaimResult& result : verdict.claims) {
    if (result.holds && !setup.claims[result.claim].expect_fail) result.decided = true;
  }
}

Outcome sample(const Case& what, const Options& options, Progress& progress) {
  const Sampled made = make_sample(what, options, progress);
  const Sample& sample = made.sample;
  Outcome outcome{.stopped = sample.stopped(),
                  .verdict = model::judge(what.setup(), sample.report()),
                  .states = sample.steps_max(),
                  .transitions = sample.steps(),
                  .executions = sample.runs(),
                  .values = sample.values(),
                  .sample = sample.facts()};
  outcome.sample->steps_expected = made.steps_expected;
  if (options.coverage) outcome.coverage = sample.coverage();
  if (outcome.stopped == Stopped::no) accept_sample(what.setup(), outcome.verdict);
  return outcome;
}

}  // namespace

std::string_view name_of(Judgement judgement) {
  switch (judgement) {
    case Judgement::pass:
      return "pass";
    case Judgement::fail:
      return "fail";
    case Judgement::undecided:
      return "undecided";
  }
  return {};
}

const model::ClaimResult* Outcome::failure() const {
  const auto found = std::ranges::find(verdict.claims, false, &model::ClaimResult::as_expected);
  return found == verdict.claims.end() ? nullptr : &*found;
}

const Insight* Outcome::insight(std::uint32_t claim) const {
  const auto found = std::ranges::find(insights, claim, &Insight::claim);
  return found == insights.end() ? nullptr : &*found;
}

sim::Order order_of(const language::Cell& cell) {
  return cell.mode == RunMode::simulate ? sim::Order::by_time : sim::Order::any;
}

bool is_question(const model::Setup& setup, const model::ClaimResult& result) {
  return setup.claims[result.claim].kind == model::Claim::Kind::question;
}

Judgement judgement_of(const model::Setup& setup, const Outcome& outcome) {
  Judgement judgement = Judgement::pass;
  for (const CheckResult& check : outcome.checks) {
    if (check.holds == false) return Judgement::fail;
    if (!check.holds && !check.of_baseline) judgement = Judgement::undecided;
  }
  for (const model::ClaimResult& result : outcome.verdict.claims) {
    if (is_question(setup, result)) continue;
    if (!result.as_expected) return Judgement::fail;
    if (!result.decided) judgement = Judgement::undecided;
  }
  return judgement;
}

Outcome run_by_time(const Case& what, const Options& options, Progress& progress,
                    Audience* audience) {
  Watchdog watchdog(options.limits.seconds);
  Collector collector(*what.cell, audience == nullptr ? nullptr : &audience->observer);
  sim::NoTrace no_trace;
  sim::TraceSink& trace = audience == nullptr ? no_trace : audience->trace;
  model::Meter meter(what.setup());
  const bool measured = options.measured || !what.setup().load.measures.empty() ||
                        !what.cell->statistics.checks.empty();
  using Keep = sim::SeededChooser::Keep;
  sim::SeededChooser chooser(options.seed, options.measured ? Keep::none : Keep::all);
  model::World start(what.setup(), sim::Order::by_time);
  if (audience != nullptr) start.set_lineage(audience->lineage);
  if (measured) start.set_meter(&meter);
  Observed world(std::move(start), collector);
  if (audience != nullptr) audience->observer.started(world.world());
  Running running{.options = options, .watchdog = watchdog, .progress = progress};
  running.run(world, {.chooser = chooser, .trace = trace});
  Outcome outcome{.mode = RunMode::simulate,
                  .stopped = running.stopped,
                  .verdict = model::judge(what.setup(), world.world(), running.at_rest,
                                          chooser.answers(), running.steps),
                  .states = running.steps,
                  .transitions = running.steps,
                  .executions = running.at_rest ? 1U : 0U,
                  .time = world.world().now(),
                  .values = collector.take()};
  if (!measured) return outcome;
  outcome.measures = measures_of(what, meter, world.world(), running.steps);
  // A run that was cut off has not been measured to its end.
  outcome.checks = judge_checks(what.cell->statistics, outcome.measures, nullptr);
  if (!running.at_rest) {
    for (CheckResult& check : outcome.checks) check.holds.reset();
  }
  return outcome;
}

Outcome run(const Case& what, const Options& options, Progress& progress, Audience* audience) {
  if (own_rank() != 0 && !is_sample(what.cell->mode)) return {};  // It cannot be shared out.
  progress.begin(what.scenario->path);
  Outcome outcome;
  switch (what.cell->mode) {
    case RunMode::explore:
      outcome = explore(what, options, progress);
      break;
    case RunMode::random:
    case RunMode::pct:
      outcome = sample(what, options, progress);
      break;
    case RunMode::simulate:
      outcome = run_by_time(what, options, progress, audience);
      break;
  }
  progress.end();
  if (own_rank() != 0) return {};  // Its part of the sample is at rank 0.
  outcome.mode = what.cell->mode;
  outcome.judgement = judgement_of(what.setup(), outcome);
  return outcome;
}

}  // namespace cli
