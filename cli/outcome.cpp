// SPDX-License-Identifier: Apache-2.0
#include "cli/outcome.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <map>

#include "cli/layout.hpp"
#include "model/symmetry.hpp"
#include "sim/explore.hpp"
#include "sim/simulate.hpp"

namespace cli {
namespace {

using language::RunMode;

constexpr std::uint64_t steps_between_looks = 4096;

// Keeps what the questions ask for, and hands on what it sees.
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
  std::vector<std::set<std::int64_t>> take() { return std::move(values_); }

 private:
  const language::Cell& cell_;
  Observer* next_;
  std::vector<std::set<std::int64_t>> values_;
};

Judgement judgement_of(const model::Setup& setup, const model::Verdict& verdict) {
  Judgement judgement = Judgement::pass;
  for (const model::ClaimResult& result : verdict.claims) {
    if (is_question(setup, result)) continue;
    if (!result.as_expected) return Judgement::fail;
    if (!result.decided) judgement = Judgement::undecided;
  }
  return judgement;
}

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

// A reduced search may take states for alike only if they answer what is asked alike.
std::vector<model::Expression> questions_of(const language::Cell& cell) {
  std::vector<model::Expression> questions;
  for (const language::Question& question : cell.questions) {
    if (question.kind == language::Question::Kind::value) questions.push_back(question.expression);
  }
  return questions;
}

Outcome explore(const Case& what, const Options& options, Progress& progress) {
  Watchdog watchdog(options.limits.seconds);
  Collector collector(*what.cell, nullptr);
  const sim::ExploreOptions limits{
      .states_max = options.limits.states,
      .bytes_max = options.limits.megabytes * 1024 * 1024,
      .stop =
          [&](const sim::Progress& now) {
            if (progress.due()) progress.show(progress_text(now));
            return watchdog.barks();
          },
  };
  model::World world(what.setup(), sim::Order::any);
  const model::Reduction reduction =
      model::find_reduction(what.setup(), world, questions_of(*what.cell), options.reduce);
  if (options.reduce.any()) world.reduce(reduction);
  const Observed start(world, collector);
  sim::ExploreReport report = sim::explore(start, limits);
  if (options.reduce.any()) model::complete(report, world, reduction);
  return {.stopped = reason_of(report.ended, watchdog),
          .verdict = model::judge(what.setup(), report),
          .states = report.states,
          .transitions = report.transitions,
          .executions = report.executions,
          .unbounded = report.unbounded,
          .symmetries = reduction.group.size(),
          .alike = reduction.alike,
          .values = collector.take()};
}

// One run with any chooser, looking up from time to time.
struct Running {
  const Options& options;
  Watchdog& watchdog;
  Progress& progress;
  std::string note{};  // Which of several runs it is.
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
      if (progress.due()) progress.show(counted(steps, "step") + note);
      if (at_rest) return;
      if (steps == steps_max) stopped = Stopped::states;
      if (watchdog.barks()) stopped = watchdog.reason();
    }
  }
};

Outcome simulate(const Case& what, const Options& options, Progress& progress, Audience* audience) {
  Watchdog watchdog(options.limits.seconds);
  Collector collector(*what.cell, audience == nullptr ? nullptr : &audience->observer);
  sim::NoTrace no_trace;
  sim::TraceSink& trace = audience == nullptr ? no_trace : audience->trace;
  sim::SeededChooser chooser(options.seed);
  Observed world(model::World(what.setup(), sim::Order::by_time), collector);
  if (audience != nullptr) audience->observer.started(world.world());
  Running running{.options = options, .watchdog = watchdog, .progress = progress};
  running.run(world, {.chooser = chooser, .trace = trace});
  return {.stopped = running.stopped,
          .verdict = model::judge(what.setup(), world.world(), running.at_rest, chooser.answers(),
                                  running.steps),
          .states = running.steps,
          .transitions = running.steps,
          .executions = running.at_rest ? 1U : 0U,
          .time = world.world().now(),
          .values = collector.take()};
}

// Runs as if they were executions that a search has found.
class Sample {
 public:
  void add(const Observed& world, const sim::Path& path, const Running& run) {
    note_broken(world.broken(), path, run.steps);
    if (!run.at_rest) return;
    sim::FinalClass& alike = finals_[{world.broken(), world.witnessed()}];
    if (alike.executions == 0 || run.steps < alike.steps) {
      alike = {.broken = world.broken(),
               .witnessed = world.witnessed(),
               .executions = alike.executions,
               .path = path,
               .steps = run.steps};
    }
    ++alike.executions;
  }

  sim::ExploreReport report() const {
    sim::ExploreReport report{.ended = sim::Ended::stopped};
    for (const auto& [kind, alike] : finals_) report.finals_by_class.push_back(alike);
    for (const auto& [claim, example] : shortest_) report.counterexamples.push_back(example);
    return report;
  }

 private:
  void note_broken(std::uint64_t broken, const sim::Path& path, std::uint64_t steps) {
    for (; broken != 0; broken &= broken - 1) {
      const auto claim = static_cast<unsigned>(std::countr_zero(broken));
      const auto [entry, is_new] = shortest_.try_emplace(claim);
      if (!is_new && entry->second.steps <= steps) continue;
      entry->second = {.claim = claim, .path = path, .steps = steps};
    }
  }

  std::map<std::pair<std::uint64_t, std::uint64_t>, sim::FinalClass> finals_;
  std::map<unsigned, sim::Counterexample> shortest_;
};

// All runs that were asked for have been made: a claim that held in each has passed, as far as a
// sample can tell. One that some run would have to show has not been decided.
void accept_sample(const model::Setup& setup, model::Verdict& verdict) {
  for (model::ClaimResult& result : verdict.claims) {
    if (result.holds && !setup.claims[result.claim].expect_fail) result.decided = true;
  }
}

Outcome sample(const Case& what, const Options& options, Progress& progress) {
  Watchdog watchdog(options.limits.seconds);
  Collector collector(*what.cell, nullptr);
  const Observed start(model::World(what.setup(), sim::Order::any), collector);
  Sample found;
  Outcome outcome;
  while (outcome.executions < what.cell->runs && outcome.stopped == Stopped::no) {
    sim::SeededChooser chooser(options.seed + outcome.executions);
    sim::NoTrace no_trace;
    Observed world = start;
    Running running{.options = options, .watchdog = watchdog, .progress = progress};
    running.note = fmt::format(" of run {}", outcome.executions + 1);
    running.run(world, {.chooser = chooser, .trace = no_trace});
    outcome.states = std::max(outcome.states, running.steps);
    outcome.transitions += running.steps;
    outcome.stopped = running.stopped;
    found.add(world, chooser.answers(), running);
    if (!running.at_rest) break;
    ++outcome.executions;
    if (watchdog.barks()) outcome.stopped = watchdog.reason();
  }
  outcome.verdict = model::judge(what.setup(), found.report());
  if (outcome.stopped == Stopped::no) accept_sample(what.setup(), outcome.verdict);
  outcome.values = collector.take();
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

sim::Order order_of(const language::Cell& cell) {
  return cell.mode == RunMode::simulate ? sim::Order::by_time : sim::Order::any;
}

bool is_question(const model::Setup& setup, const model::ClaimResult& result) {
  return setup.claims[result.claim].kind == model::Claim::Kind::question;
}

Outcome run(const Case& what, const Options& options, Progress& progress, Audience* audience) {
  progress.begin(what.scenario->path);
  Outcome outcome;
  switch (what.cell->mode) {
    case RunMode::explore:
      outcome = explore(what, options, progress);
      break;
    case RunMode::random:
      outcome = sample(what, options, progress);
      break;
    case RunMode::simulate:
      outcome = simulate(what, options, progress, audience);
      break;
  }
  progress.end();
  outcome.mode = what.cell->mode;
  outcome.judgement = judgement_of(what.setup(), outcome.verdict);
  return outcome;
}

}  // namespace cli
