// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep/result.hpp"

namespace cli {

CellResult make_cell(const Plan& plan, std::size_t cell) {
  CellResult result{.cell = cell};
  const Scenario scenario = plan.load(cell);
  if (scenario.broken()) {
    result.problem = scenario.problems();
    return result;
  }
  const Case what{.scenario = &scenario, .cell = &scenario.loaded.cells.front()};
  result.measured = measure(what, plan.cells[cell].seed, plan.options);
  return result;
}

Json json_of(const Plan& plan, const CellResult& result) {
  const Measured& measured = result.measured;
  Json params = Json::object();
  for (const auto& [name, value] : plan.params(result.cell)) params[name] = value;
  Json measures = Json::object();
  for (const Measure& measure : measured.measures) {
    measures[measure.name] = {{"value", measure.value}, {"unit", measure.unit}};
  }
  Json json;
  json["cell"] = result.cell;
  json["policy"] = plan.cells[result.cell].policy;
  json["params"] = std::move(params);
  json["seed"] = plan.cells[result.cell].seed;
  json["failed"] = measured.failed;
  json["undecided"] = measured.undecided;
  json["broken"] = measured.broken;
  json["measures"] = std::move(measures);
  return json;
}

std::optional<CellResult> result_in(std::string_view line) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object() || !json.contains("measures")) return std::nullopt;
  try {
    CellResult result{.cell = json.at("cell").get<std::size_t>()};
    Measured& measured = result.measured;
    json.at("failed").get_to(measured.failed);
    json.at("undecided").get_to(measured.undecided);
    json.at("broken").get_to(measured.broken);
    for (const auto& [name, measure] : json.at("measures").items()) {
      measured.measures.push_back({.name = name,
                                   .unit = measure.at("unit").get<std::string>(),
                                   .value = measure.at("value").get<double>()});
    }
    return result;
  } catch (const Json::exception&) {
    return std::nullopt;  // Nothing that was written here: the cell is made again.
  }
}

const std::vector<Measure>* baseline_of(const Plan& plan,
                                        const std::vector<std::optional<CellResult>>& results,
                                        std::size_t cell) {
  const auto baseline = plan.cells[cell].baseline;
  if (!plan.baseline_is_there || !baseline || !results[*baseline]) return nullptr;
  return &results[*baseline]->measured.measures;
}

std::vector<CheckResult> checks_of(const Plan& plan,
                                   const std::vector<std::optional<CellResult>>& results,
                                   std::size_t cell) {
  if (!results[cell]) return {};
  const Measured& measured = results[cell]->measured;
  std::vector<CheckResult> checks =
      judge_checks(plan.statistics(cell), measured.measures, baseline_of(plan, results, cell));
  for (CheckResult& check : checks) {
    if (measured.undecided) check.holds.reset();  // It was cut off.
  }
  return checks;
}

}  // namespace cli
