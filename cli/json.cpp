// SPDX-License-Identifier: Apache-2.0
#include "cli/json.hpp"

#include "cli/attribution.hpp"
#include "cli/coverage_report.hpp"
#include "cli/names.hpp"
#include "cli/report.hpp"
#include "cli/waits.hpp"

namespace cli {
namespace {

std::string_view kind_name(model::Claim::Kind kind) {
  switch (kind) {
    case model::Claim::Kind::never:
      return "never";
    case model::Claim::Kind::always:
      return "always";
    case model::Claim::Kind::eventually:
      return "eventually";
    case model::Claim::Kind::exists:
      return "exists";
    case model::Claim::Kind::not_exists:
      return "not_exists";
    case model::Claim::Kind::forall:
      return "forall";
    case model::Claim::Kind::result:
      return "result";
    case model::Claim::Kind::emitted:
      return "emitted";
    case model::Claim::Kind::question:
      return "question";
  }
  return {};
}

void add_place(Json& json, const Case& what, std::uint32_t source) {
  const auto span = what.place(source);
  json["file"] = span ? Json(what.sources().at(span->source).path) : Json(nullptr);
  json["line"] = span ? Json(what.sources().at(span->source).line_of(span->offset)) : Json(nullptr);
}

Json claim_json(const Case& what, const model::ClaimResult& result) {
  const model::Claim& claim = what.setup().claims[result.claim];
  Json json;
  json["text"] = full_text(claim);
  json["kind"] = kind_name(claim.kind);
  json["expect_fail"] = claim.expect_fail;
  json["holds"] = result.holds;
  json["as_expected"] = result.as_expected;
  json["decided"] = result.decided;
  json["positive"] = result.positive;
  json["negative"] = result.negative;
  json["path"] = result.has_example ? Json(sim::to_text(result.path)) : Json(nullptr);
  json["steps"] = result.has_example ? Json(result.steps) : Json(nullptr);
  json["stem_steps"] = result.loops ? Json(result.stem_steps) : Json(nullptr);
  add_place(json, what, claim.source);
  return json;
}

Json question_json(const Case& what, const Outcome& outcome, std::size_t index) {
  const language::Question& question = what.cell->questions[index];
  Json json = {{"text", question.text}, {"answer", answer_text(what, outcome, index)}};
  if (question.kind != language::Question::Kind::value) return json;
  json["values"] = Json::array();
  for (const std::int64_t value : outcome.values[index]) json["values"].push_back(value);
  return json;
}

Json waits_json(const Waits& waits) {
  Json json = Json::array();
  for (const Waiting& waiting : waits.list) {
    json.push_back({{"who", waiting.who},
                    {"waits_for", waiting.what},
                    {"depends_on", waiting.holders},
                    {"passed_over", waiting.passed_over}});
  }
  return json;
}

// Chances in parts of 10^9: that many digits are known.
Json decision_json(const Decision& decision) {
  Json json = {{"step", decision.step}, {"chances_ppb", Json::array()}};
  for (const sim::Chance chance : decision.chances) {
    json["chances_ppb"].push_back(chance / sim::Odds::error_max);
  }
  json["way_out"] = nullptr;
  if (decision.way_out) {
    json["way_out"] = {{"steps", decision.way_out->steps},
                       {"path", sim::to_text(decision.way_out->path)}};
  }
  return json;
}

Json counterexample_json(const Case& what, const Outcome& outcome) {
  const model::ClaimResult* failure = outcome.failure();
  if (failure == nullptr || !failure->has_example) return nullptr;
  Json json = {{"claim", full_text(what.setup().claims[failure->claim])},
               {"steps", failure->steps},
               {"path", sim::to_text(failure->path)}};
  const Insight* insight = outcome.insight(failure->claim);
  json["switches"] = insight == nullptr ? Json(nullptr) : Json(insight->switches);
  const bool decided = insight != nullptr && insight->decision;
  json["decision"] = decided ? decision_json(*insight->decision) : Json(nullptr);
  const bool timed = insight != nullptr && insight->by_time;
  json["by_time"] = timed
                        ? Json{{"runs", insight->by_time->runs}, {"shown", insight->by_time->shown}}
                        : Json(nullptr);
  const model::Cycle* cycle = outcome.verdict.cycle_of(what.setup(), *failure);
  const Waits waits =
      cycle != nullptr ? waits_in(what, *failure, *cycle) : waits_at_rest(what, *failure);
  if (waits.list.empty()) return json;
  json["waits"] = waits_json(waits);
  json["ring"] = waits.ring;
  return json;
}

// What executions that never come to rest break, whether it is claimed or not.
Json loop_json(const model::Cycle& cycle) {
  const auto& info = model::property_table[static_cast<std::size_t>(cycle.property)];
  return {{"property", info.name},
          {"fairness", cycle.fair_locks_help ? "weak" : "strong"},
          {"stem_steps", cycle.lasso.stem_steps},
          {"steps", cycle.lasso.steps},
          {"path", sim::to_text(cycle.lasso.path)}};
}

Json sample_json(const Case& what, const Outcome& outcome) {
  const SampleFacts& facts = *outcome.sample;
  const bool pct = outcome.mode == language::RunMode::pct;
  Json json;
  json["states"] = facts.states > 0 ? Json(facts.states) : Json(nullptr);
  json["more_states"] = facts.more_states;
  json["final_states"] = facts.final_states;
  json["final_states_once"] = facts.final_states_once;
  json["final_classes"] = facts.final_classes;
  json["depth"] = pct && what.cell->depth != 0 ? Json(what.cell->depth) : Json(nullptr);
  json["lanes"] = pct ? Json(facts.lanes) : Json(nullptr);
  json["steps_expected"] = pct ? Json(facts.steps_expected) : Json(nullptr);
  return json;
}

}  // namespace

std::string to_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void add_identity(Json& json, const Case& what, std::uint64_t seed) {
  json["scenario"] = what.setup().name;
  json["file"] = what.scenario->path;
  json["policy"] = what.cell->policy;
  json["kernel"] = what.setup().kernel;
  Json params = Json::object();
  for (const auto& [name, value] : what.cell->params) params[name] = value;
  json["params"] = std::move(params);
  json["seed"] = seed;
  json["mode"] = mode_name(what.cell->mode);
}

Json json_of(const Case& what, const Outcome& outcome, const Options& options) {
  Json json;
  add_identity(json, what, options.seed);
  const bool one_run = outcome.mode == language::RunMode::simulate;
  if (options.reduce.any()) json["reduce"] = name_of(options.reduce);
  json["states"] = outcome.states;
  json["transitions"] = outcome.transitions;
  json["executions"] = outcome.executions;
  json["unbounded"] = outcome.unbounded;
  if (outcome.mode == language::RunMode::explore) {
    json["bytes_per_state"] = {{"frontier", outcome.size.frontier},
                               {"graph", outcome.size.graph},
                               {"parts", outcome.size.parts}};
  }
  if (!outcome.measures.empty()) {
    Json measured = Json::array();
    for (const model::Measured& each : outcome.measures) {
      measured.push_back({{"name", each.name}, {"unit", each.unit}, {"value", each.value}});
    }
    json["measures"] = std::move(measured);
  }
  json["time_ns"] = one_run ? Json(outcome.time) : Json(nullptr);
  json["complete"] = outcome.complete();
  json["ended"] = ended_name(outcome);
  json["verdict"] = name_of(outcome.judgement);
  json["claims"] = Json::array();
  for (const model::ClaimResult& result : outcome.verdict.claims) {
    if (is_question(what.setup(), result)) continue;
    json["claims"].push_back(claim_json(what, result));
  }
  if (!what.cell->questions.empty()) json["questions"] = Json::array();
  for (std::size_t i = 0; i < what.cell->questions.size(); ++i) {
    json["questions"].push_back(question_json(what, outcome, i));
  }
  json["loops"] = Json::array();
  for (const model::Cycle& cycle : outcome.verdict.cycles.found) {
    json["loops"].push_back(loop_json(cycle));
  }
  for (const CheckResult& check : outcome.checks) {
    const Json holds = check.holds ? Json(*check.holds) : Json(nullptr);
    json["checks"].push_back({{"text", check.text}, {"holds", holds}});
  }
  json["counterexample"] = counterexample_json(what, outcome);
  if (outcome.sample) json["sample"] = sample_json(what, outcome);
  if (!outcome.tallies.empty()) json["caused"] = attribution_json(what, outcome);
  if (outcome.coverage) json["coverage"] = coverage_json(what, *outcome.coverage);
  return json;
}

}  // namespace cli
