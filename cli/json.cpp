// SPDX-License-Identifier: Apache-2.0
#include "cli/json.hpp"

#include "cli/names.hpp"
#include "cli/report.hpp"

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

Json counterexample_json(const Case& what, const model::ClaimResult* failure) {
  if (failure == nullptr || !failure->has_example) return nullptr;
  return {{"claim", full_text(what.setup().claims[failure->claim])},
          {"steps", failure->steps},
          {"path", sim::to_text(failure->path)}};
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
  json["counterexample"] = counterexample_json(what, outcome.failure());
  return json;
}

}  // namespace cli
