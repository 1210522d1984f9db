// SPDX-License-Identifier: Apache-2.0
// Which values the params take together.
#include <algorithm>

#include "scenarios/language/evaluate.hpp"

namespace language {
namespace {

constexpr std::uint32_t lets_max = 8;
constexpr std::uint32_t nodes_max = 10'000;
constexpr std::size_t samples_max = 64;

struct DependsOnSweep {
  const Checked& checked;
  std::uint32_t& nodes;
  std::uint32_t lets = 0;

  bool run(const Expr& expr) const { return ++nodes > nodes_max || std::visit(*this, expr.node); }

  bool operator()(const PathExpr& path) const {
    if (path.path.parts.size() != 1) return false;
    const std::string& name = path.path.parts[0].text;
    for (const ParamInfo& param : checked.params) {
      if (param.name.text == name) return param.values.size() > 1;
    }
    for (const LetInfo& let : checked.lets) {
      if (let.name.text != name || lets >= lets_max) continue;
      return DependsOnSweep{checked, nodes, lets + 1}.run(let.let->value);
    }
    return false;
  }
  bool operator()(const UnitExpr& unit) const { return run(*unit.amount); }
  bool operator()(const UnaryExpr& unary) const { return run(*unary.operand); }
  bool operator()(const BinaryExpr& binary) const {
    return run(*binary.left) || run(*binary.right);
  }
  template <class Node>
  bool operator()(const Node&) const {
    return false;
  }
};

}  // namespace

bool depends_on_sweep(const Checked& checked, const Expr& expr) {
  std::uint32_t nodes = 0;
  return DependsOnSweep{checked, nodes}.run(expr);
}

std::vector<Assignment> combinations(const Checked& checked, std::size_t limit) {
  std::vector<Assignment> result;
  std::vector<std::size_t> odometer(checked.params.size(), 0);
  const bool empty = std::ranges::any_of(
      checked.params, [](const ParamInfo& param) { return param.values.empty(); });
  while (!empty && result.size() < limit) {
    Assignment assignment;
    for (std::size_t i = 0; i < odometer.size(); ++i) {
      assignment.values.push_back(checked.params[i].values[odometer[i]]);
    }
    result.push_back(std::move(assignment));
    std::size_t wheel = odometer.size();
    while (wheel > 0 && ++odometer[wheel - 1] == checked.params[wheel - 1].values.size()) {
      odometer[wheel - 1] = 0;
      --wheel;
    }
    if (wheel == 0) break;
  }
  return result;
}

std::vector<Assignment> samples(const Checked& checked) {
  std::size_t count = 1;
  for (const ParamInfo& param : checked.params) count = std::max(count, param.values.size());
  std::vector<Assignment> result(std::min(count, samples_max));
  for (std::size_t i = 0; i < result.size(); ++i) {
    for (const ParamInfo& param : checked.params) {
      const bool none = param.values.empty();
      result[i].values.push_back(none ? Value{} : param.values[i % param.values.size()]);
    }
  }
  return result;
}

}  // namespace language
