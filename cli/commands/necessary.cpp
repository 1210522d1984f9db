// SPDX-License-Identifier: Apache-2.0
// necessary FILE...: takes each mechanism away in turn and explores what is left. Some claim
// breaks: the mechanism is needed, and here is how. None does, and all was explored: it is
// redundant in the scope of this scenario. That proves nothing for a larger one. Where a claim
// fails as it is, the mechanism may be there for that one: then it is said that nothing changes.
#include <optional>

#include "cli/command.hpp"
#include "cli/commands/all.hpp"
#include "cli/divergence.hpp"
#include "cli/interrupt.hpp"
#include "cli/json.hpp"
#include "cli/layout.hpp"
#include "cli/names.hpp"
#include "cli/report.hpp"
#include "scenarios/language/mechanism.hpp"

namespace cli {
namespace {

using language::Mechanism;

// One exploration, whatever the scenario asks for.
struct Explored {
  Scenario scenario;
  Outcome outcome{};

  Case what() const { return {.scenario = &scenario, .cell = &scenario.loaded.cells.front()}; }
};

// What is without a mechanism that is there otherwise.
struct Finding {
  Mechanism mechanism{};
  Explored without;
  const model::ClaimResult* broken = nullptr;  // Of `without`.
  std::optional<Divergence> divergence{};
  bool base_open = false;   // As it is, some claim is not decided,
  bool base_fails = false;  // or does not hold, whether that is expected or not.

  bool open() const { return broken == nullptr && without.outcome.verdict.undecided(); }
  std::string_view word() const {
    if (broken != nullptr) return "needed";
    if (base_open || open() || without.outcome.stopped != Stopped::no) return "undecided";
    return base_fails ? "no change" : "redundant";
  }
};

class Necessity {
 public:
  Necessity(Session& session, const Case& what)
      : session_(session), options_(session.options), progress_(session.options.progress) {
    choices_ = options_.choices;
    choices_.params = what.cell->params;
    path_ = what.scenario->path;
  }

  void run() {
    all_.emplace(explore(choices_));
    for (const Mechanism& mechanism : language::mechanisms(all_->what().setup())) {
      if (interrupted()) return;
      findings_.push_back(find(mechanism));
    }
  }

  void write_text() {
    Output& out = session_.out;
    write_heading(out, all_->what(), options_, "what is necessary");
    out.print("  {:27} {:10} {}\n", "as it is", name_of(all_->outcome.judgement),
              counted(all_->outcome.states, "state"));
    for (const Finding& finding : findings_) write(out, finding);
  }

  Json json() const {
    Json json;
    add_identity(json, all_->what(), options_.seed);
    json["verdict"] = name_of(all_->outcome.judgement);
    json["states"] = all_->outcome.states;
    json["mechanisms"] = Json::array();
    for (const Finding& finding : findings_) json["mechanisms"].push_back(json_of(finding));
    return json;
  }

  bool undecided() const {
    return base_open() || std::ranges::any_of(findings_, [](const Finding& finding) {
             return finding.word() == "undecided";
           });
  }

 private:
  bool base_open() const { return all_->outcome.verdict.undecided(); }
  bool base_fails() const {
    return std::ranges::any_of(all_->outcome.verdict.claims, [this](const auto& claim) {
      return !is_question(all_->what().setup(), claim) && claim.decided && !claim.holds;
    });
  }

  Explored explore(const language::Choices& choices) {
    Explored explored{.scenario = load_scenario(path_, choices)};
    explored.scenario.loaded.cells.front().mode = language::RunMode::explore;
    explored.outcome = cli::run(explored.what(), options_, progress_, nullptr);
    return explored;
  }

  Finding find(const Mechanism& mechanism) {
    language::Choices choices = choices_;
    choices.set.emplace_back(mechanism.name, mechanism.value);
    Finding finding{.mechanism = mechanism,
                    .without = explore(choices),
                    .base_open = base_open(),
                    .base_fails = base_fails()};
    finding.broken = newly_broken(finding.without.outcome);
    if (finding.broken != nullptr && finding.broken->has_example) {
      finding.divergence = divergence(finding.without.what(), all_->what(), finding.broken->path,
                                      finding.broken->steps);
    }
    return finding;
  }

  // Of the claims that hold with the mechanism and not without it, the one that breaks first.
  const model::ClaimResult* newly_broken(const Outcome& without) const {
    const model::ClaimResult* best = nullptr;
    for (std::size_t i = 0; i < without.verdict.claims.size(); ++i) {
      const model::ClaimResult& before = all_->outcome.verdict.claims[i];
      const model::ClaimResult& after = without.verdict.claims[i];
      if (is_question(all_->what().setup(), after)) continue;
      if (!before.holds || !before.decided || after.holds || !after.decided) continue;
      const bool better = best == nullptr || (after.has_example && !best->has_example) ||
                          (after.has_example == best->has_example && after.steps < best->steps);
      if (better) best = &after;
    }
    return best;
  }

  static std::string claim_text(const Finding& finding) {
    return full_text(finding.without.what().setup().claims[finding.broken->claim]);
  }

  void write(Output& out, const Finding& finding) const {
    std::string first = fmt::format(
        "  {:27} ", fmt::format("{} {}", finding.mechanism.name, finding.mechanism.value));
    const std::string word(finding.word());
    const std::size_t indent = first.size() + 11;
    const Style style = finding.broken != nullptr ? Style::strong : Style::plain;
    std::string text;
    if (finding.broken == nullptr) {
      text = counted(finding.without.outcome.states, "state");
      if (word == "redundant") text = "proved in " + text;
      if (word == "no change") text = "no further claim fails in " + text;
    } else if (!finding.broken->has_example) {
      text = "nothing shows " + claim_text(finding);
    } else {
      text =
          fmt::format("{} break {}", counted(finding.broken->steps, "step"), claim_text(finding));
    }
    const std::string flow = flowed(first + padded(word, 11), text, indent);
    out.write(first + out.styled(style, word) + flow.substr(first.size() + word.size()));
    if (options_.verbosity == Verbosity::verbose) write_details(out, finding);
  }

  void write_details(Output& out, const Finding& finding) const {
    if (finding.broken == nullptr || !finding.broken->has_example) return;
    if (finding.divergence) {
      const Divergence& apart = *finding.divergence;
      out.write(flowed("    note: ",
                       fmt::format("from step {} on it differs: without it {}, with it {}",
                                   apart.step, apart.first, apart.second),
                       6));
    }
    Options options = options_;
    options.choices.set.emplace_back(finding.mechanism.name, finding.mechanism.value);
    out.write(replay_command(finding.without.what(), *finding.broken, options));
  }

  static Json json_of(const Finding& finding) {
    const bool shown = finding.broken != nullptr && finding.broken->has_example;
    const Insight* insight =
        shown ? finding.without.outcome.insight(finding.broken->claim) : nullptr;
    Json json = {{"name", finding.mechanism.name},
                 {"value", finding.mechanism.value},
                 {"result", finding.word()},
                 {"states", finding.without.outcome.states}};
    json["claim"] = finding.broken == nullptr ? Json(nullptr) : Json(claim_text(finding));
    json["steps"] = shown ? Json(finding.broken->steps) : Json(nullptr);
    json["switches"] = insight == nullptr ? Json(nullptr) : Json(insight->switches);
    json["path"] = shown ? Json(sim::to_text(finding.broken->path)) : Json(nullptr);
    json["differs_at"] = finding.divergence ? Json(finding.divergence->step) : Json(nullptr);
    return json;
  }

  Session& session_;
  const Options& options_;
  Progress progress_;
  language::Choices choices_;
  std::string path_;
  std::optional<Explored> all_;
  std::vector<Finding> findings_;
};

}  // namespace

ExitStatus show_necessary(Session& session) {
  const std::vector<Scenario> scenarios =
      load_scenarios(session.options.files, session.options.choices);
  if (!report_problems(session, scenarios)) return ExitStatus::misuse;
  if (!report_loads(session, scenarios)) return ExitStatus::misuse;
  bool undecided = false;
  bool first = true;
  for (const Case& what : cases_of(scenarios)) {
    Necessity necessity(session, what);
    necessity.run();
    undecided = undecided || necessity.undecided();
    if (session.options.json) {
      session.out.print("{}\n", to_text(necessity.json()));
    } else {
      if (!first) session.out.write("\n");
      necessity.write_text();
    }
    first = false;
    if (interrupted()) return ExitStatus::interrupted;
  }
  return undecided ? ExitStatus::undecided : ExitStatus::ok;
}

}  // namespace cli
