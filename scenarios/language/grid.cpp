// SPDX-License-Identifier: Apache-2.0
#include "scenarios/language/grid.hpp"

#include <algorithm>

#include "scenarios/language/check.hpp"
#include "scenarios/language/evaluate.hpp"
#include "scenarios/language/model_words.hpp"
#include "scenarios/language/parse.hpp"

namespace language {
namespace {

struct NamesOf {
  std::vector<std::string>& names;

  void run(const Expr& expr) const { std::visit(*this, expr.node); }
  void operator()(const PathExpr& path) const { names.push_back(path.path.text()); }
  void operator()(const UnaryExpr& unary) const { run(*unary.operand); }
  void operator()(const UnitExpr& unit) const { run(*unit.amount); }
  void operator()(const BinaryExpr& binary) const {
    run(*binary.left);
    run(*binary.right);
  }
  template <class Node>
  void operator()(const Node&) const {}
};

const Baseline* baseline_of(const Script& script) {
  for (const File& file : script.files) {
    for (const Item& item : file.items) {
      if (const auto* found = std::get_if<Baseline>(&item.node)) return found;
    }
  }
  return nullptr;
}

std::optional<double> number_in(const Value& value) {
  const Quantity* quantity = value.quantity();
  if (quantity == nullptr) return std::nullopt;
  return quantity->amount.to_double();
}

void add_points(const Checked& checked, const Baseline* baseline, Grid& grid) {
  Assignment assignment;
  std::vector<std::size_t> odometer(checked.params.size(), 0);
  while (grid.points.size() < grid_points_max) {
    assignment.values.clear();
    for (std::size_t i = 0; i < odometer.size(); ++i) {
      assignment.values.push_back(checked.params[i].values[odometer[i]]);
    }
    GridPoint point{.values = odometer};
    if (baseline != nullptr) {
      const Evaluated holds = evaluate(checked, assignment, baseline->condition);
      point.baseline = number_in(holds.value).value_or(0) != 0;
    }
    grid.points.push_back(std::move(point));
    std::size_t wheel = odometer.size();
    while (wheel > 0 && ++odometer[wheel - 1] == checked.params[wheel - 1].values.size()) {
      odometer[--wheel] = 0;
    }
    if (wheel == 0) return;
  }
}

}  // namespace

Grid load_grid(Sources& sources, const std::string& path, const Choices& choices, Taken taken) {
  Grid grid;
  Parsed parsed = parse(sources, path);
  grid.problems = parsed.problems;
  if (has_errors(grid.problems)) return grid;
  std::vector<std::string> definitions;
  for (const auto& [name, value] : choices.params) definitions.push_back(name + "=" + value);
  const Overrides overrides = parse_overrides(sources, definitions, choices.policy);
  Checked checked = check(std::move(parsed.script), full_vocabulary(), overrides);
  for (const Problems* problems : {&overrides.problems, &std::as_const(checked.problems)}) {
    grid.problems.insert(grid.problems.end(), problems->begin(), problems->end());
  }
  if (has_errors(grid.problems)) return grid;
  grid.title = checked.title;
  for (ParamInfo& param : checked.params) {
    if (param.name.text == "policy" && !choices.policy.empty()) {
      param.values = {{.content = Word{choices.policy}, .written = choices.policy}};
    } else if (taken == Taken::default_alone && param.default_value && !param.overridden) {
      param.values = {*param.default_value};
    }
    GridParam& row = grid.params.emplace_back(GridParam{.name = param.name.text, .values = {}});
    for (const Value& value : param.values) row.values.push_back({value.text(), number_in(value)});
  }
  const Baseline* baseline = baseline_of(*checked.script);
  grid.has_baseline = baseline != nullptr;
  if (baseline != nullptr) NamesOf{grid.baseline_params}.run(baseline->condition);
  add_points(checked, baseline, grid);
  grid.checked = std::make_shared<const Checked>(std::move(checked));
  return grid;
}

Statistics statistics_at(const Grid& grid, std::size_t point) {
  Assignment assignment;
  const std::vector<std::size_t>& values = grid.points[point].values;
  for (std::size_t i = 0; i < values.size(); ++i) {
    assignment.values.push_back(grid.checked->params[i].values[values[i]]);
  }
  Problems problems;  // Were reported when the cell was loaded.
  return statistics_of(*grid.checked, assignment, problems);
}

}  // namespace language
