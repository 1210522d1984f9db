// SPDX-License-Identifier: Apache-2.0
// run FILE...: explores or simulates, and reports.
#include "cli/commands/all.hpp"
#include "cli/formats/format.hpp"
#include "cli/interrupt.hpp"
#include "cli/json.hpp"
#include "cli/play.hpp"
#include "cli/report.hpp"

namespace cli {
namespace {

using language::RunMode;

constexpr std::uint64_t rows_max = 1000;  // Of a timeline that nobody asked for.

// The execution that is worth showing: of a claim that is not as it should be, or else of one that
// has an example.
const model::ClaimResult* example_of(const Outcome& outcome) {
  const model::ClaimResult* best = nullptr;
  for (const model::ClaimResult& result : outcome.verdict.claims) {
    if (!result.has_example) continue;
    if (!result.as_expected) return &result;
    if (best == nullptr) best = &result;
  }
  return best;
}

// Reads all, for its causes; hands on what another reader wants to see.
class Tallier final : public TimelineReader {
 public:
  explicit Tallier(TimelineReader* next) : next_(next) {}

  bool asks_for_causes() const override { return true; }
  void read(const TimelineStep& step, const model::World& world) override {
    if (next_ != nullptr && next_->wanted()) next_->read(step, world);
  }

 private:
  TimelineReader* next_;  // Or null.
};

class Runner {
 public:
  explicit Runner(Session& session)
      : session_(session), options_(session.options), progress_(session.options.progress) {}

  Judgement run_one(const Case& what) {
    if (options_.json) {
      const Outcome outcome = run_unseen(what);
      session_.out.print("{}\n", to_text(json_of(what, outcome, options_)));
      return outcome.judgement;
    }
    return options_.format.empty() || options_.format == "text" ? run_as_text(what)
                                                                : run_as_trace(what);
  }

 private:
  bool quiet() const { return options_.verbosity == Verbosity::quiet; }

  // The report, with the timeline of a simulated run.
  Judgement run_as_text(const Case& what) {
    const bool asked = !options_.format.empty();
    const bool live = what.cell->mode == RunMode::simulate && (!quiet() || asked);
    Outcome outcome;
    if (live) {
      begin_report(session_.out, what);
      outcome = simulate_shown(what, "text");
    } else {
      outcome = run_unseen(what);
      if (quiet() && !asked && outcome.judgement == Judgement::pass) return outcome.judgement;
      begin_report(session_.out, what);
    }
    write_result(session_.out, what, outcome, options_);
    write_failures(session_.out, what, outcome, options_);
    if (asked && !live) show_example(what, outcome);
    return outcome.judgement;
  }

  // Nothing but the execution; the report is talk.
  Judgement run_as_trace(const Case& what) {
    Outcome outcome;
    if (what.cell->mode == RunMode::simulate) {
      outcome = simulate_shown(what, options_.format);
    } else {
      outcome = run_unseen(what);
      show_example(what, outcome);
    }
    if (quiet()) return outcome.judgement;
    begin_report(session_.err, what);
    write_result(session_.err, what, outcome, options_);
    return outcome.judgement;
  }

  void begin_report(Output& out, const Case& what) {
    if (reported_) out.write("\n");
    reported_ = true;
    write_heading(out, what, options_, mode_text(*what.cell, options_));
  }

  Outcome simulate_shown(const Case& what, std::string_view format) {
    const Manifest manifest{.what = what, .seed = options_.seed};
    const bool asked = !options_.format.empty();
    const Showing showing{
        .verbosity = options_.verbosity, .rows_max = asked ? 0U : rows_max, .why = options_.why};
    const auto reader = find_format(format)->make(session_.out, manifest, showing);
    if (options_.why) return run_tallied(what, reader.get());
    return run_for(what, *reader).outcome;
  }

  // Nobody reads the timeline.
  Outcome run_unseen(const Case& what) {
    if (what.cell->mode == RunMode::simulate && options_.why) return run_tallied(what, nullptr);
    return cli::run(what, options_, progress_, nullptr);
  }

  Outcome run_tallied(const Case& what, TimelineReader* shown) {
    Tallier tallier(shown);
    auto [outcome, timeline] = run_for(what, tallier);
    if (timeline->causes() != nullptr) outcome.tallies = timeline->causes()->tallies();
    return std::move(outcome);
  }

  struct Seen {
    Outcome outcome;
    std::unique_ptr<Timeline> timeline;
  };
  Seen run_for(const Case& what, TimelineReader& reader) {
    auto timeline = std::make_unique<Timeline>(what, reader);
    Audience audience{.trace = *timeline, .observer = *timeline, .lineage = timeline->lineage()};
    Outcome outcome = cli::run(what, options_, progress_, &audience);
    return {.outcome = std::move(outcome), .timeline = std::move(timeline)};
  }

  void show_example(const Case& what, const Outcome& outcome) {
    const model::ClaimResult* example = example_of(outcome);
    if (example == nullptr) {
      session_.err.print("shootdown: {}: no claim has an execution to show\n", what.scenario->path);
      return;
    }
    const bool text = options_.format.empty() || options_.format == "text";
    if (text) session_.out.write("\n");
    const Insight* insight = outcome.insight(example->claim);
    const bool decided = insight != nullptr && insight->decision.has_value();
    Manifest manifest{.what = what,
                      .seed = options_.seed,
                      .path = &example->path,
                      .steps = example->steps,
                      .decision = decided ? &*insight->decision : nullptr};
    if (example->loops) manifest.stem_steps = example->stem_steps;
    const auto reader =
        find_format(options_.format)
            ->make(session_.out, manifest, {.verbosity = options_.verbosity, .why = options_.why});
    play(what, example->path, example->steps, *reader);
  }

  Session& session_;
  const Options& options_;
  Progress progress_;
  bool reported_ = false;
};

}  // namespace

ExitStatus run_cases(Session& session, const std::vector<Case>& cases) {
  Runner runner(session);
  std::size_t failed = 0;
  std::size_t undecided = 0;
  std::size_t done = 0;
  for (const Case& what : cases) {
    const Judgement judgement = runner.run_one(what);
    ++done;
    if (judgement == Judgement::fail) ++failed;
    if (judgement == Judgement::undecided) ++undecided;
    if (interrupted()) break;
  }
  const bool summed_up = cases.size() > 1 && !session.options.json &&
                         session.options.format.empty() &&
                         (session.options.verbosity != Verbosity::quiet || failed > 0);
  if (summed_up) {
    session.out.print("\n{} runs: {} as claimed, {} not, {} undecided\n", done,
                      done - failed - undecided, failed, undecided);
  }
  if (interrupted()) return ExitStatus::interrupted;
  if (failed > 0) return ExitStatus::failed;
  return undecided > 0 ? ExitStatus::undecided : ExitStatus::ok;
}

ExitStatus run_scenarios(Session& session) {
  const std::vector<Scenario> scenarios =
      load_scenarios(session.options.files, session.options.choices);
  if (!report_problems(session, scenarios)) return ExitStatus::misuse;
  return run_cases(session, cases_of(scenarios));
}

}  // namespace cli
